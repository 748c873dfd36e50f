public import KernelInterface

/// `KernelTable.dropout`.
///
/// Groups of eight Philox blocks, one in each lane, make the draws of 64 elements.
public func dropout(_ arguments: DropoutArguments) {
    var draws = DropoutDraws()
    withUnsafeMutablePointer(to: &draws) { pointer in
        let draws = UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: UInt64.self)
        var sample = 0
        while sample < arguments.sampleCount {
            dropSample(arguments, sample, draws)
            sample &+= 1
        }
    }
}

/// Memory for the draws of 64 elements.
private struct DropoutDraws {
    var low = SIMD8<UInt64>.zero
    var high = SIMD8<UInt64>.zero
}

@inline(__always)
private func dropSample(_ arguments: DropoutArguments, _ sample: Int, _ draws: UnsafeMutablePointer<UInt64>) {
    let position = arguments.firstPosition &+ UInt32(truncatingIfNeeded: sample)
    let layer = UInt64(arguments.purpose) &<< 16 | UInt64(arguments.layer)
    let input = arguments.input + sample &* arguments.elementCount
    let output = arguments.output + sample &* arguments.elementCount
    let words = UnsafeRawPointer(draws).assumingMemoryBound(to: UInt16.self)
    var element = 0
    while element < arguments.elementCount {
        var blocks = PhiloxBlocks(
            firstIndex: UInt64(truncatingIfNeeded: element &>> 3), position: UInt64(position),
            step: UInt64(arguments.step), layer: layer)
        blocks.encrypt(seed: arguments.seed)
        blocks.store(draws)
        keep(
            arguments, words, input + element, output + element,
            count: lesser(arguments.elementCount &- element, 64))
        element &+= 64
    }
}

/// Up to 64 elements.
@inline(__always)
private func keep(
    _ arguments: DropoutArguments, _ draws: UnsafePointer<UInt16>, _ input: UnsafePointer<Float>,
    _ output: UnsafeMutablePointer<Float>, count: Int
) {
    let threshold = VectorSignedBits(repeating: Int32(truncatingIfNeeded: arguments.threshold))
    let scale = broadcast(arguments.scale)
    var index = 0
    while index &+ laneCount <= count {
        let isKept = loadWords(draws + index) .>= threshold
        let scaled = loadVector(input + index) * scale
        storeVector(Vector.zero.replacing(with: scaled, where: isKept), output + index)
        index &+= laneCount
    }
    while index < count {
        output[index] = UInt32(draws[index]) >= arguments.threshold ? input[index] * arguments.scale : 0
        index &+= 1
    }
}

/// One 16-bit word for each lane; the lane loop becomes one conversion.
@inline(__always)
private func loadWords(_ pointer: UnsafePointer<UInt16>) -> VectorSignedBits {
    var bits = VectorSignedBits.zero
    var lane = 0
    while lane < laneCount {
        bits[lane] = Int32(pointer[lane])
        lane &+= 1
    }
    return bits
}
