internal import KernelInterface

/// The weight and bias gradients of a convolution followed by ReLU and 2×2 max-pooling; see `ConvolutionWeightGradientArguments`.
///
/// The gradient of a pooled position reaches only the window place that was the maximum, another place in every channel. So each lane first
/// selects its input among the four, and then one fused multiply-add is enough, instead of one for every place.
func convolutionWeightGradientPooled(
    _ arguments: ConvolutionWeightGradientArguments, _ scratch: UnsafeMutableRawPointer
) {
    let shape = arguments.shape
    let channels = shape.outputChannels
    let isPatch =
        channels % laneCount == 0 && shape.inputChannels == 1 && shape.kernelHeight == 3 && shape.kernelWidth == 3 && arguments.rowBegin == 0
        && arguments.rowEnd == patchRowCount
    var column = 0
    while column < channels {
        let width = channels &- column > laneCount ? pooledTileVectorCount &* laneCount : laneCount
        var rowBegin = arguments.rowBegin
        while rowBegin < arguments.rowEnd {
            let part = GradientPart(
                arguments, rowBegin: rowBegin, column: column, width: width,
                tileRows: isPatch ? patchRowCount : pooledTileRowCount, bias: arguments.biasGradient != nil, scratch)
            runPooledProgram(arguments, part, scratch + GradientPart.offsetByteCount)
            rowBegin &+= part.rowCount
        }
        column &+= width
    }
}

/// Runs the summation program for one part.
@inline(always)
private func runPooledProgram(
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
            let sampleEnd = min(sample &+ blockSampleCount, Int(step.sampleEnd))
            accumulatePooledBlock(arguments, part, slots.current, sample, sampleEnd)
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

/// Adds a block of samples to every tile of a part, and to the bias.
@inline(always)
private func accumulatePooledBlock(
    _ arguments: ConvolutionWeightGradientArguments, _ part: GradientPart, _ slot: UnsafeMutablePointer<Float>,
    _ sampleBegin: Int, _ sampleEnd: Int
) {
    let isWhole = part.columnCount == part.width
    if isWhole && part.tileRows == patchRowCount {
        if part.width == laneCount {
            accumulatePatch(1, arguments, part, slot, sampleBegin, sampleEnd)
        } else {
            accumulatePatch(pooledTileVectorCount, arguments, part, slot, sampleBegin, sampleEnd)
        }
        return
    }
    if part.hasBias { accumulateBias(arguments, part, slot, sampleBegin, sampleEnd) }
    var tile = 0
    while tile < part.tileCount {
        let sums = slot + (1 &+ tile &* pooledTileRowCount) &* part.width
        let offsets = part.offsets + tile &* pooledTileRowCount
        if part.width == laneCount {
            if isWhole {
                accumulatePooledTile(1, true, arguments, part, sums, offsets, sampleBegin, sampleEnd)
            } else {
                accumulatePooledTile(1, false, arguments, part, sums, offsets, sampleBegin, sampleEnd)
            }
        } else if isWhole {
            accumulatePooledTile(pooledTileVectorCount, true, arguments, part, sums, offsets, sampleBegin, sampleEnd)
        } else {
            accumulatePooledTile(pooledTileVectorCount, false, arguments, part, sums, offsets, sampleBegin, sampleEnd)
        }
        tile &+= 1
    }
}

/// Adds the gradients of a block of samples to the bias row.
@inline(always)
private func accumulateBias(
    _ arguments: ConvolutionWeightGradientArguments, _ part: GradientPart, _ slot: UnsafeMutablePointer<Float>,
    _ sampleBegin: Int, _ sampleEnd: Int
) {
    let positions = arguments.shape.pooledHeight &* arguments.shape.pooledWidth
    var lane = 0
    while lane < part.width {
        var sum = loadVector(slot + lane)
        var position = sampleBegin &* positions
        while position < sampleEnd &* positions {
            let source = position &* arguments.shape.outputChannels &+ part.column &+ lane
            let flow = PooledFlow(arguments, source, part.columnCount &- lane, isWhole: false)
            sum += flow.gradient
            position &+= 1
        }
        storeVector(sum, slot + lane)
        lane &+= laneCount
    }
}
