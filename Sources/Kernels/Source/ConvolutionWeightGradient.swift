internal import KernelInterface

/// The weight gradient of a convolution without pooling; see `ConvolutionWeightGradientArguments` for the order of
/// the sums.
///
/// A register tile holds up to 14 weight rows of one panel of output channels while the positions of some samples
/// pass; between blocks of samples, which are small enough for the second-level cache, the tiles rest in scratch.
func convolutionWeightGradient(_ arguments: ConvolutionWeightGradientArguments, _ scratch: UnsafeMutableRawPointer) {
    let channels = arguments.shape.outputChannels
    var column = 0
    while column < channels {
        let count = lesser(2 &* laneCount, channels &- column)
        let width = count > laneCount ? 2 &* laneCount : laneCount
        var rowBegin = arguments.rowBegin
        while rowBegin < arguments.rowEnd {
            let part = GradientPart(
                arguments, rowBegin: rowBegin, column: column, width: width, tileRows: tileRowCount, bias: false,
                scratch)
            runGradientProgram(arguments, part, scratch + GradientPart.offsetByteCount)
            rowBegin &+= part.rowCount
        }
        column &+= width
    }
}

/// Runs the summation program for one part.
@inline(always)
private func runGradientProgram(
    _ arguments: ConvolutionWeightGradientArguments, _ part: GradientPart, _ memory: UnsafeMutableRawPointer
) {
    var slots = GradientSlots(memory.assumingMemoryBound(to: Float.self), floatCount: part.floatCount)
    let blockSampleCount = gradientBlockSampleCount(arguments.shape)
    var index = 0
    while index < arguments.program.stepCount {
        let step = arguments.program.steps[index]
        slots.clear()
        var sample = Int(step.sampleBegin)
        while sample < Int(step.sampleEnd) {
            let sampleEnd = lesser(sample &+ blockSampleCount, Int(step.sampleEnd))
            accumulateBlock(arguments, part, slots.current, sample, sampleEnd)
            sample = sampleEnd
        }
        slots.merge(Int(step.mergeCount))
        if step.rootIndex >= 0 {
            part.write(arguments, slots.current, root: Int(step.rootIndex))
        } else {
            slots.push()
        }
        index &+= 1
    }
}

/// Samples in a block: as many as keep input and one panel of output gradients within half of a second-level cache.
@inline(always)
func gradientBlockSampleCount(_ shape: ConvolutionShape) -> Int {
    let positions = shape.outputHeight &* shape.outputWidth
    let byteCount = 4 &* (shape.inputCount &+ positions &* 2 &* laneCount)
    return greater(1, 262_144 / greater(1, byteCount))
}

/// Adds a block of samples to every tile of a part.
@inline(always)
private func accumulateBlock(
    _ arguments: ConvolutionWeightGradientArguments, _ part: GradientPart, _ slot: UnsafeMutablePointer<Float>,
    _ sampleBegin: Int, _ sampleEnd: Int
) {
    var tile = 0
    while tile < part.tileCount {
        let sums = slot + (1 &+ tile &* tileRowCount) &* part.width
        let offsets = part.offsets + tile &* tileRowCount
        if part.columnCount == 2 &* laneCount {
            accumulateGradientTile(2, true, arguments, part, sums, offsets, sampleBegin, sampleEnd)
        } else if part.columnCount == laneCount {
            accumulateGradientTile(1, true, arguments, part, sums, offsets, sampleBegin, sampleEnd)
        } else if part.columnCount > laneCount {
            accumulateGradientTile(2, false, arguments, part, sums, offsets, sampleBegin, sampleEnd)
        } else {
            accumulateGradientTile(1, false, arguments, part, sums, offsets, sampleBegin, sampleEnd)
        }
        tile &+= 1
    }
}

/// Adds a block of samples to one tile. `isWhole` says that every lane is a channel.
@inline(always)
private func accumulateGradientTile(
    _ vectorCount: Int, _ isWhole: Bool, _ arguments: ConvolutionWeightGradientArguments, _ part: GradientPart,
    _ sums: UnsafeMutablePointer<Float>, _ offsets: UnsafePointer<Int>, _ sampleBegin: Int, _ sampleEnd: Int
) {
    let shape = arguments.shape
    let width = vectorCount &* laneCount
    let channels = shape.outputChannels
    let rowStride = shape.inputWidth &* shape.inputChannels
    let tail = part.columnCount &- (vectorCount &- 1) &* laneCount
    var accumulators = TileAccumulators(repeating: Vector.zero)
    loadTile(tileRowCount, vectorCount, &accumulators, sums, width)
    var sample = sampleBegin
    while sample < sampleEnd {
        let input = arguments.input + sample &* shape.inputCount
        var pointers = TilePointers(repeating: input)
        var row = 0
        while row < tileRowCount {
            pointers[unchecked: row] = input + offsets[row]
            row &+= 1
        }
        var gradient = arguments.outputGradient + (sample &* shape.outputCount &+ part.column)
        var y = 0
        while y < shape.outputHeight {
            var offset = y &* rowStride
            let offsetEnd = offset &+ shape.outputWidth &* shape.inputChannels
            while offset < offsetEnd {
                var g0: Vector
                var g1: Vector
                if isWhole {
                    g0 = loadVector(gradient)
                    g1 = vectorCount == 2 ? loadVector(gradient + laneCount) : g0
                } else {
                    g1 = loadVector(gradient + (vectorCount &- 1) &* laneCount, count: tail)
                    g0 = vectorCount == 2 ? loadVector(gradient) : g1
                }
                accumulateTile(tileRowCount, vectorCount, &accumulators, pointers, offset, g0, g1)
                gradient += channels
                offset &+= shape.inputChannels
            }
            y &+= 1
        }
        sample &+= 1
    }
    storeTile(tileRowCount, vectorCount, accumulators, sums, width)
}
