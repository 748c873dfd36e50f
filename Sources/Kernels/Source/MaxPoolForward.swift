internal import KernelInterface

/// 2×2 max-pooling with stride 2: the first maximum of each window in row order, and its place.
func maxPoolForward(_ arguments: MaxPoolArguments) {
    guard let input = arguments.input, let output = arguments.output else { return }
    let channels = arguments.channels
    let below = arguments.inputWidth &* channels
    let pooledHeight = arguments.inputHeight / 2
    let pooledWidth = arguments.inputWidth / 2
    var target = 0
    var sample = 0
    while sample < arguments.sampleCount {
        var y = 0
        while y < pooledHeight {
            var window = input + (sample &* arguments.inputHeight &+ 2 &* y) &* below
            var x = 0
            while x < pooledWidth {
                poolWindow(window, channels, below, output + target, arguments.windowIndex + target)
                window += 2 &* channels
                target &+= channels
                x &+= 1
            }
            y &+= 1
        }
        sample &+= 1
    }
}

/// All channels of one window.
@inline(always)
private func poolWindow(
    _ window: UnsafePointer<Float>, _ channels: Int, _ below: Int, _ output: UnsafeMutablePointer<Float>,
    _ windowIndex: UnsafeMutablePointer<UInt8>
) {
    var channel = 0
    while channel &+ laneCount <= channels {
        let upper = window + channel
        let lower = upper + below
        let (best, index) = firstMaximum(
            loadVector(upper), loadVector(upper + channels), loadVector(lower), loadVector(lower + channels))
        storeVector(best, output + channel)
        storeBytes(index, windowIndex + channel)
        channel &+= laneCount
    }
    while channel < channels {
        var best = window[channel]
        var bestIndex: UInt8 = 0
        if window[channel &+ channels] > best {
            best = window[channel &+ channels]
            bestIndex = 1
        }
        if window[channel &+ below] > best {
            best = window[channel &+ below]
            bestIndex = 2
        }
        if window[channel &+ below &+ channels] > best {
            best = window[channel &+ below &+ channels]
            bestIndex = 3
        }
        output[channel] = best
        windowIndex[channel] = bestIndex
        channel &+= 1
    }
}
