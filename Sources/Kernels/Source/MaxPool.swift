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

/// Sends each output gradient to the input that was the maximum and writes +0 everywhere else.
func maxPoolBackward(_ arguments: MaxPoolArguments) {
    guard let outputGradient = arguments.outputGradient, let inputGradient = arguments.inputGradient else { return }
    let channels = arguments.channels
    let below = arguments.inputWidth &* channels
    let pooledHeight = arguments.inputHeight / 2
    let pooledWidth = arguments.inputWidth / 2
    var source = 0
    var sample = 0
    while sample < arguments.sampleCount {
        let plane = inputGradient + sample &* arguments.inputHeight &* below
        var y = 0
        while y < pooledHeight {
            let rowPair = plane + 2 &* y &* below
            var x = 0
            while x < pooledWidth {
                spreadWindow(
                    outputGradient + source, arguments.windowIndex + source, channels, below,
                    rowPair + 2 &* x &* channels)
                source &+= channels
                x &+= 1
            }
            let dropped = below &- 2 &* pooledWidth &* channels
            writeZeros(rowPair + 2 &* pooledWidth &* channels, dropped)
            writeZeros(rowPair + (below &+ 2 &* pooledWidth &* channels), dropped)
            y &+= 1
        }
        writeZeros(plane + 2 &* pooledHeight &* below, (arguments.inputHeight &- 2 &* pooledHeight) &* below)
        sample &+= 1
    }
}

/// All channels of one window.
@inline(always)
private func spreadWindow(
    _ gradient: UnsafePointer<Float>, _ windowIndex: UnsafePointer<UInt8>, _ channels: Int, _ below: Int,
    _ window: UnsafeMutablePointer<Float>
) {
    var channel = 0
    while channel &+ laneCount <= channels {
        let value = loadVector(gradient + channel)
        let index = loadBytes(windowIndex + channel)
        let upper = window + channel
        let lower = upper + below
        storeVector(selected(value, index, 0), upper)
        storeVector(selected(value, index, 1), upper + channels)
        storeVector(selected(value, index, 2), lower)
        storeVector(selected(value, index, 3), lower + channels)
        channel &+= laneCount
    }
    while channel < channels {
        let value = gradient[channel]
        let index = windowIndex[channel]
        window[channel] = index == 0 ? value : 0
        window[channel &+ channels] = index == 1 ? value : 0
        window[channel &+ below] = index == 2 ? value : 0
        window[channel &+ below &+ channels] = index == 3 ? value : 0
        channel &+= 1
    }
}

/// The value in lanes whose index is `position`, +0 in the others.
@inline(always)
private func selected(_ value: Vector, _ index: VectorBits, _ position: UInt32) -> Vector {
    Vector.zero.replacing(with: value, where: index .== VectorBits(repeating: position))
}

@inline(always)
private func writeZeros(_ target: UnsafeMutablePointer<Float>, _ count: Int) {
    var index = 0
    while index < count {
        target[index] = 0
        index &+= 1
    }
}

/// The largest of four values in each lane, and which it was; of equal values the first. A NaN is
/// returned only if it is the first.
@inline(always)
func firstMaximum(_ a: Vector, _ b: Vector, _ c: Vector, _ d: Vector) -> (value: Vector, index: VectorBits) {
    var value = a
    var index = VectorBits.zero
    let isB = b .> value
    value.replace(with: b, where: isB)
    index.replace(with: VectorBits(repeating: 1), where: isB)
    let isC = c .> value
    value.replace(with: c, where: isC)
    index.replace(with: VectorBits(repeating: 2), where: isC)
    let isD = d .> value
    value.replace(with: d, where: isD)
    index.replace(with: VectorBits(repeating: 3), where: isD)
    return (value, index)
}

/// The places of maxima whose ReLU lets the gradient flow back, and `noWindowPlace` in the other lanes.
@inline(always)
func placesBeforeReLU(_ maximum: Vector, _ index: VectorBits) -> VectorBits {
    VectorBits(repeating: UInt32(noWindowPlace)).replacing(with: index, where: maximum .> Vector.zero)
}
