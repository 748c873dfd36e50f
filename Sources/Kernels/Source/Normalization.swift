public import KernelInterface

/// `KernelTable.normalize`. Lanes run over channels.
public func normalize(_ arguments: NormalizationArguments) {
    let channels = arguments.channelCount
    let (mean, scale, shift) = (arguments.mean, arguments.scale, arguments.shift)
    var position = 0
    while position < arguments.positionCount {
        let input = arguments.input + position &* channels
        let output = arguments.output + position &* channels
        var channel = 0
        while channel &+ laneCount <= channels {
            let deviation = loadVector(input + channel) - loadVector(mean + channel)
            let value = loadVector(shift + channel).addingProduct(deviation, loadVector(scale + channel))
            storeVector(value, output + channel)
            channel &+= laneCount
        }
        while channel < channels {
            let deviation = input[channel] - mean[channel]
            output[channel] = shift[channel].addingProduct(deviation, scale[channel])
            channel &+= 1
        }
        position &+= 1
    }
}

/// `KernelTable.normalizationInputGradient`. Lanes run over channels.
public func normalizationInputGradient(_ arguments: NormalizationInputGradientArguments) {
    let channels = arguments.channelCount
    let (mean, inverseDeviation) = (arguments.mean, arguments.inverseDeviation)
    let (factor, gradientMean, productMean) = (arguments.factor, arguments.gradientMean, arguments.productMean)
    var position = 0
    while position < arguments.positionCount {
        let input = arguments.input + position &* channels
        let outputGradient = arguments.outputGradient + position &* channels
        let inputGradient = arguments.inputGradient + position &* channels
        var channel = 0
        while channel &+ laneCount <= channels {
            let deviation = loadVector(input + channel) - loadVector(mean + channel)
            let normalized = deviation * loadVector(inverseDeviation + channel)
            let centered = loadVector(outputGradient + channel) - loadVector(gradientMean + channel)
            let rest = centered.addingProduct(-normalized, loadVector(productMean + channel))
            storeVector(loadVector(factor + channel) * rest, inputGradient + channel)
            channel &+= laneCount
        }
        while channel < channels {
            let normalized = (input[channel] - mean[channel]) * inverseDeviation[channel]
            let centered = outputGradient[channel] - gradientMean[channel]
            inputGradient[channel] = factor[channel] * centered.addingProduct(-normalized, productMean[channel])
            channel &+= 1
        }
        position &+= 1
    }
}

/// `KernelTable.squaredDeviationSums`. Panels of two vectors of channels, whose sums stay in registers.
public func squaredDeviationSums(_ arguments: SquaredDeviationArguments, _ scratch: UnsafeMutableRawPointer) {
    let stack = scratch.assumingMemoryBound(to: Float.self)
    var channel = arguments.channelBegin
    while channel &+ 2 &* laneCount <= arguments.channelEnd {
        sumSquaredDeviations(arguments, channel, count: 2 &* laneCount, stack)
        channel &+= 2 &* laneCount
    }
    while channel < arguments.channelEnd {
        let count = lesser(arguments.channelEnd &- channel, laneCount)
        sumSquaredDeviations(arguments, channel, count: count, stack)
        channel &+= count
    }
}

/// One panel of two whole vectors, or of at most one.
@inline(__always)
private func sumSquaredDeviations(
    _ arguments: SquaredDeviationArguments, _ channel: Int, count: Int, _ stack: UnsafeMutablePointer<Float>
) {
    let input = arguments.input + channel
    let mean = loadPair(arguments.mean + channel, count: count)
    runProgram(arguments.program, positionCount: arguments.positionCount, stack) { sums, position in
        let values = loadPair(input + position &* arguments.channelCount, count: count)
        let deviation = values.first - mean.first
        sums.first = sums.first.addingProduct(deviation, deviation)
        guard count > laneCount else { return }
        let other = values.second - mean.second
        sums.second = sums.second.addingProduct(other, other)
    } store: { sums, root in
        let target = arguments.sums + (root &* arguments.rootStride &+ channel)
        storeVector(sums.first, target, count: lesser(count, laneCount))
        if count > laneCount { storeVector(sums.second, target + laneCount) }
    }
}

/// `KernelTable.normalizationGradientSums`. One vector of channels at a time: its sums of both kinds stay in registers.
public func normalizationGradientSums(
    _ arguments: NormalizationGradientSumArguments, _ scratch: UnsafeMutableRawPointer
) {
    let stack = scratch.assumingMemoryBound(to: Float.self)
    var channel = arguments.channelBegin
    while channel &+ laneCount <= arguments.channelEnd {
        sumGradients(arguments, channel, count: laneCount, stack)
        channel &+= laneCount
    }
    if channel < arguments.channelEnd {
        sumGradients(arguments, channel, count: arguments.channelEnd &- channel, stack)
    }
}

/// At most one vector of channels.
@inline(__always)
private func sumGradients(
    _ arguments: NormalizationGradientSumArguments, _ channel: Int, count: Int, _ stack: UnsafeMutablePointer<Float>
) {
    let input = arguments.input + channel
    let outputGradient = arguments.outputGradient + channel
    let mean = loadPair(arguments.mean + channel, count: count).first
    let inverseDeviation = loadPair(arguments.inverseDeviation + channel, count: count).first
    runProgram(arguments.program, positionCount: arguments.positionCount, stack) { sums, position in
        let place = position &* arguments.channelCount
        let normalized = (loadPair(input + place, count: count).first - mean) * inverseDeviation
        let gradient = loadPair(outputGradient + place, count: count).first
        sums.first = gradient + sums.first
        sums.second = sums.second.addingProduct(gradient, normalized)
    } store: { sums, root in
        let target = root &* arguments.rootStride &+ channel
        storeVector(sums.first, arguments.shiftGradient + target, count: count)
        storeVector(sums.second, arguments.scaleGradient + target, count: count)
    }
}

/// Two vectors of sums, or of operands.
struct SumPair {
    var first = Vector.zero
    var second = Vector.zero
}

/// Loads both vectors if `count` is above one vector's lanes, else `count` lanes of the first; reads nothing beyond
/// them.
@inline(__always)
func loadPair(_ pointer: UnsafePointer<Float>, count: Int) -> SumPair {
    if count > laneCount { return SumPair(first: loadVector(pointer), second: loadVector(pointer + laneCount)) }
    if count == laneCount { return SumPair(first: loadVector(pointer)) }
    return SumPair(first: loadVector(pointer, count: count))
}

/// Runs a program of sums that are pairs of vectors: `addPosition` adds the terms of a position, counted over all
/// samples, and `store` writes a root.
@inline(__always)
func runProgram(
    _ program: SummationProgram, positionCount: Int, _ stack: UnsafeMutablePointer<Float>,
    addPosition: (_ sums: inout SumPair, _ position: Int) -> Void, store: (_ sums: SumPair, _ root: Int) -> Void
) {
    var top = stack
    var index = 0
    while index < program.stepCount {
        let step = program.steps[index]
        var sums = SumPair()
        var position = Int(step.sampleBegin) &* positionCount
        let end = Int(step.sampleEnd) &* positionCount
        while position < end {
            addPosition(&sums, position)
            position &+= 1
        }
        var merges = step.mergeCount
        while merges > 0 {
            top -= 2 &* laneCount
            sums.first = loadVector(top) + sums.first
            sums.second = loadVector(top + laneCount) + sums.second
            merges &-= 1
        }
        if step.rootIndex < 0 {
            storeVector(sums.first, top)
            storeVector(sums.second, top + laneCount)
            top += 2 &* laneCount
        } else {
            store(sums, Int(step.rootIndex))
        }
        index &+= 1
    }
}
