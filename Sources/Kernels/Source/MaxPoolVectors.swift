/// A mask of one vector.
typealias VectorMask = SIMDMask<Vector.MaskStorage>

/// The largest of four values in each lane, and which it was; of equal values the first. A value that compares with
/// nothing (NaN) wins only as the first.
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

/// Stores the lowest byte of every lane.
///
/// The optimiser turns the lane loop into one conversion; the standard library's conversions and byte vectors stay calls.
@inline(__always)
func storeBytes(_ bits: VectorBits, _ pointer: UnsafeMutablePointer<UInt8>) {
    var lane = 0
    while lane < laneCount {
        pointer[lane] = UInt8(truncatingIfNeeded: bits[lane])
        lane &+= 1
    }
}

/// Loads one byte for each lane; the lane loop becomes one conversion as well.
@inline(__always)
func loadBytes(_ pointer: UnsafePointer<UInt8>) -> VectorBits {
    var bits = VectorBits.zero
    var lane = 0
    while lane < laneCount {
        bits[lane] = UInt32(pointer[lane])
        lane &+= 1
    }
    return bits
}

/// Loads bytes for the first `count` lanes and leaves the others 0; reads nothing beyond them.
@inline(always)
func loadBytes(_ pointer: UnsafePointer<UInt8>, count: Int) -> VectorBits {
    var bits = VectorBits.zero
    var lane = 0
    while lane < laneCount {
        if lane < count { bits[lane] = UInt32(pointer[lane]) }
        lane &+= 1
    }
    return bits
}
