public import KernelInterface

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
