public import KernelInterface

/// `KernelTable.dropout`.
///
/// The draws of up to 256 elements are made together, eight elements a Philox block.
public func dropout(_ arguments: DropoutArguments) {
    var draws = SIMD64<UInt64>.zero
    withUnsafeMutablePointer(to: &draws) { pointer in
        let draws = UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: UInt64.self)
        var sample = 0
        while sample < arguments.sampleCount {
            dropSample(arguments, sample, draws)
            sample &+= 1
        }
    }
}

@inline(__always)
private func dropSample(_ arguments: DropoutArguments, _ sample: Int, _ draws: UnsafeMutablePointer<UInt64>) {
    let blocks = PhiloxBlocks(
        position: arguments.firstPosition &+ UInt32(truncatingIfNeeded: sample), step: arguments.step,
        layer: UInt32(arguments.purpose) &<< 16 | UInt32(arguments.layer), seed: arguments.seed)
    let input = arguments.input + sample &* arguments.elementCount
    let output = arguments.output + sample &* arguments.elementCount
    let words = UnsafeRawPointer(draws).assumingMemoryBound(to: UInt16.self)
    var element = 0
    while element < arguments.elementCount {
        let count = lesser(arguments.elementCount &- element, 256)
        // A multiple of eight blocks leaves the vectorized loop no rest.
        blocks.write(firstIndex: element &>> 3, count: (count &+ 63) / 64 &* 8, draws)
        keep(arguments, words, input + element, output + element, count: count)
        element &+= 256
    }
}

/// Up to 256 elements.
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
