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
    let isPatch =
        channels % laneCount == 0 && shape.inputChannels == 1 && shape.kernelHeight == 3 && shape.kernelWidth == 3
        && arguments.rowBegin == 0
        && arguments.rowEnd == patchRowCount
    var column = 0
    while column < channels {
        let width = channels &- column > laneCount ? 2 &* laneCount : laneCount
        var rowBegin = arguments.rowBegin
        while rowBegin < arguments.rowEnd {
            let part = GradientPart(
                arguments, rowBegin: rowBegin, column: column, width: width,
                tileRows: isPatch ? patchRowCount : tileRowCount, bias: arguments.biasGradient != nil, scratch)
            runPooledProgram(arguments, windowIndex, part, scratch + GradientPart.offsetByteCount)
            rowBegin &+= part.rowCount
        }
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
