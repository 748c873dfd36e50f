internal import CPlatform
internal import KernelInterface

/// The weight and bias gradients of a convolution followed by ReLU and 2×2 max-pooling; see
/// `ConvolutionWeightGradientArguments`.
///
/// The gradient of a pooled position reaches only the window place that was the maximum, another place in every
/// channel. Lanes to which a term does not belong add a zero of either sign, so a sum of 0 may be −0 or +0 on the
/// way; every micro-batch's sum is made +0 then, and so the two forms (`accumulatePooledTile`, `accumulatePatch`)
/// give the same bits.
func convolutionWeightGradientPooled(
    _ arguments: ConvolutionWeightGradientArguments, _ scratch: UnsafeMutableRawPointer
) {
    guard let windowIndex = arguments.windowIndex else { return }
    let shape = arguments.shape
    let channels = shape.outputChannels
    let isPatch = isPatchConvolution(shape) && arguments.rowBegin == 0 && arguments.rowEnd == patchRowCount
    var column = 0
    while column < channels {
        let width = channels &- column > laneCount ? 2 &* laneCount : laneCount
        var rowBegin = arguments.rowBegin
        repeat {
            let part = GradientPart(
                arguments, rowBegin: rowBegin, column: column, width: width,
                tileRows: isPatch ? patchRowCount : tileRowCount, bias: arguments.biasGradient != nil, scratch)
            runPooledProgram(arguments, windowIndex, part, scratch + GradientPart.offsetByteCount)
            rowBegin &+= part.rowCount
        } while rowBegin < arguments.rowEnd
        column &+= width
    }
}

/// Runs the summation program for one part.
@inline(always)
private func runPooledProgram(
    _ arguments: ConvolutionWeightGradientArguments, _ windowIndex: UnsafePointer<UInt8>, _ part: GradientPart,
    _ memory: UnsafeMutableRawPointer
) {
    var slots = GradientSlots(memory.assumingMemoryBound(to: Float.self), floatCount: part.floatCount)
    let blockSampleCount = pooledBlockSampleCount(arguments.shape)
    var index = 0
    while index < arguments.program.stepCount {
        let step = arguments.program.steps[index]
        slots.clear()
        var sample = Int(step.sampleBegin)
        while sample < Int(step.sampleEnd) {
            let sampleEnd = lesser(sample &+ blockSampleCount, Int(step.sampleEnd))
            accumulatePooledBlock(arguments, windowIndex, part, slots.current, sample, sampleEnd)
            sample = sampleEnd
        }
        slots.clearNegativeZeros()
        slots.merge(Int(step.mergeCount))
        if step.rootIndex >= 0 {
            part.write(arguments, slots.current, root: Int(step.rootIndex))
        } else {
            slots.push()
        }
        index &+= 1
    }
}

/// Samples in a block: as many as keep input and two vectors of gradients, outputs and indices within half of a
/// second-level cache.
@inline(always)
private func pooledBlockSampleCount(_ shape: ConvolutionShape) -> Int {
    let positions = shape.pooledHeight &* shape.pooledWidth
    let byteCount = 4 &* shape.inputCount &+ 9 &* positions &* 2 &* laneCount
    return greater(1, 262_144 / greater(1, byteCount))
}

/// Adds a block of samples to every tile of a part, and to the bias.
@inline(always)
private func accumulatePooledBlock(
    _ arguments: ConvolutionWeightGradientArguments, _ windowIndex: UnsafePointer<UInt8>, _ part: GradientPart,
    _ slot: UnsafeMutablePointer<Float>, _ sampleBegin: Int, _ sampleEnd: Int
) {
    let leftCount = lesser(laneCount, part.columnCount)
    let left = PooledSource(arguments, windowIndex, channel: part.column, count: leftCount)
    let right = PooledSource(
        arguments, windowIndex, channel: part.column &+ leftCount, count: part.columnCount &- leftCount)
    if part.tileRows == patchRowCount {
        accumulatePatch(left, part, slot, sampleBegin, sampleEnd)
        if part.width > laneCount { accumulatePatch(right, part, slot + laneCount, sampleBegin, sampleEnd) }
        return
    }
    if part.hasBias {
        accumulateBias(left, slot, sampleBegin, sampleEnd)
        if part.width > laneCount { accumulateBias(right, slot + laneCount, sampleBegin, sampleEnd) }
    }
    var tile = 0
    while tile < part.tileCount {
        let row = tile &* tileRowCount
        let sums = slot + (1 &+ row) &* part.width
        let offsets = part.offsets + row
        if part.columnCount == 2 &* laneCount {
            accumulatePooledTile(2, true, left, right, part, sums, offsets, sampleBegin, sampleEnd)
        } else if part.columnCount == laneCount {
            accumulatePooledTile(1, true, left, right, part, sums, offsets, sampleBegin, sampleEnd)
        } else if part.columnCount > laneCount {
            accumulatePooledTile(2, false, left, right, part, sums, offsets, sampleBegin, sampleEnd)
        } else {
            accumulatePooledTile(1, false, left, right, part, sums, offsets, sampleBegin, sampleEnd)
        }
        tile &+= 1
    }
}

/// Adds the gradients of a block of samples to one vector of the bias.
@inline(always)
private func accumulateBias(
    _ source: PooledSource, _ sums: UnsafeMutablePointer<Float>, _ sampleBegin: Int, _ sampleEnd: Int
) {
    let positions = source.shape.pooledHeight &* source.shape.pooledWidth
    let isWhole = source.channelCount == laneCount
    var sum = loadVector(sums)
    var position = sampleBegin &* positions
    while position < sampleEnd &* positions {
        sum += PooledFlow(source, position &* source.shape.outputChannels, isWhole: isWhole).gradient
        position &+= 1
    }
    storeVector(sum, sums)
}

/// The source of one vector of channels of a pooled gradient.
struct PooledSource {
    let shape: ConvolutionShape
    let input: UnsafePointer<Float>
    /// At the vector's first channel of the first position, like the next.
    let outputGradient: UnsafePointer<Float>
    let windowIndex: UnsafePointer<UInt8>
    /// Channels in the vector.
    let channelCount: Int

    @inline(always)
    init(
        _ arguments: ConvolutionWeightGradientArguments, _ windowIndex: UnsafePointer<UInt8>, channel: Int, count: Int
    ) {
        shape = arguments.shape
        input = arguments.input
        outputGradient = arguments.outputGradient + channel
        self.windowIndex = windowIndex + channel
        channelCount = count
    }

    /// Requests the cache lines of a later position. The channels of a vector lie too far apart, from position to
    /// position, for the processor to request them early enough.
    @inline(always)
    func prefetch(_ offset: Int) {
        selvedge_prefetch(outputGradient + offset)
        selvedge_prefetch(windowIndex + offset)
    }
}

/// The gradient that flows back through one vector of channels of a pooled position.
struct PooledFlow {
    /// +0 where ReLU stops it and beyond the last channel.
    let gradient: Vector
    /// The place of each lane's maximum, or `noWindowPlace`.
    let index: VectorBits

    /// `offset` is the offset of the first channel of the position.
    @inline(always)
    init(_ source: PooledSource, _ offset: Int, isWhole: Bool) {
        self.init(
            source.outputGradient + offset, source.windowIndex + offset, channelCount: source.channelCount,
            isWhole: isWhole)
    }

    /// The pointers are at the first channel; `channelCount` is read only where the vector is not whole.
    @inline(always)
    init(
        _ outputGradient: UnsafePointer<Float>, _ windowIndex: UnsafePointer<UInt8>, channelCount: Int, isWhole: Bool
    ) {
        let value = isWhole ? loadVector(outputGradient) : loadVector(outputGradient, count: channelCount)
        index = isWhole ? loadBytes(windowIndex) : loadBytes(windowIndex, count: channelCount)
        gradient = Vector.zero.replacing(with: value, where: index .!= VectorBits(repeating: UInt32(noWindowPlace)))
    }

    /// The gradient of the lanes whose maximum was at `place`, +0 in the others.
    @inline(always)
    func gradient(at place: UInt32) -> Vector {
        Vector.zero.replacing(with: gradient, where: index .== VectorBits(repeating: place))
    }
}

/// Adds a block of samples to one tile of the pooled gradient. `isWhole`: every lane is a channel.
///
/// Each of the four places of a window is multiplied with the gradient of the lanes whose maximum it was, and +0 in
/// the others: four fused multiply-adds instead of one, but with the inputs as plain broadcasts, which is faster than
/// selecting an input for every lane.
@inline(always)
func accumulatePooledTile(
    _ vectorCount: Int, _ isWhole: Bool, _ left: PooledSource, _ right: PooledSource, _ part: GradientPart,
    _ sums: UnsafeMutablePointer<Float>, _ offsets: UnsafePointer<Int>, _ sampleBegin: Int, _ sampleEnd: Int
) {
    let shape = left.shape
    let positions = shape.pooledHeight &* shape.pooledWidth
    guard positions > 0 else { return }
    let below = shape.inputWidth &* shape.inputChannels
    let input = left.input + sampleBegin &* shape.inputCount
    var tile = RegisterTile()
    tile.load(rows: tileRowCount, vectors: vectorCount, sums, rowStride: vectorCount &* laneCount)
    var pointers = TilePointers(repeating: input)
    var row = 0
    while row < tileRowCount {
        pointers[unchecked: row] = input + offsets[row]
        row &+= 1
    }
    var cursor = ConvolutionCursor(shape, input, step: 2)
    var position = sampleBegin &* positions
    while position < sampleEnd &* positions {
        let flow0 = PooledFlow(left, position &* shape.outputChannels, isWhole: isWhole)
        let flow1 =
            vectorCount == 2 ? PooledFlow(right, position &* shape.outputChannels, isWhole: isWhole) : flow0
        storePlaces(vectorCount, flow0, flow1, part.placeMemory)
        var gradient = UnsafePointer(part.placeMemory)
        var rowOffset = cursor.pointer - input
        let rowEnd = rowOffset &+ 2 &* below
        // Plain loops over the window: unrolled, the compiler runs out of registers.
        while rowOffset < rowEnd {
            var offset = rowOffset
            let offsetEnd = offset &+ 2 &* shape.inputChannels
            while offset < offsetEnd {
                let terms = TileRow(gradient, vectors: vectorCount)
                tile.addProducts(rows: tileRowCount, vectors: vectorCount, pointers, offset: offset, terms)
                gradient += vectorCount &* laneCount
                offset &+= shape.inputChannels
            }
            rowOffset &+= below
        }
        cursor.advance()
        position &+= 1
    }
    tile.store(rows: tileRowCount, vectors: vectorCount, sums, rowStride: vectorCount &* laneCount)
}

/// Stores the gradients of the four places one after the other.
@inline(always)
private func storePlaces(
    _ vectorCount: Int, _ flow0: PooledFlow, _ flow1: PooledFlow, _ gradients: UnsafeMutablePointer<Float>
) {
    storePlace(0, vectorCount, flow0, flow1, gradients)
    storePlace(1, vectorCount, flow0, flow1, gradients + vectorCount &* laneCount)
    storePlace(2, vectorCount, flow0, flow1, gradients + 2 &* vectorCount &* laneCount)
    storePlace(3, vectorCount, flow0, flow1, gradients + 3 &* vectorCount &* laneCount)
}

@inline(always)
private func storePlace(
    _ place: UInt32, _ vectorCount: Int, _ flow0: PooledFlow, _ flow1: PooledFlow,
    _ gradients: UnsafeMutablePointer<Float>
) {
    storeVector(flow0.gradient(at: place), gradients)
    guard vectorCount == 2 else { return }
    storeVector(flow1.gradient(at: place), gradients + laneCount)
}
