/// Lanes of the set's vector.
@inline(__always)
var laneCount: Int { Vector.scalarCount }

/// A mask of one vector.
typealias VectorMask = SIMDMask<Vector.MaskStorage>

/// Loads one vector; no alignment is needed.
@inline(__always)
func loadVector(_ pointer: UnsafePointer<Float>) -> Vector {
    UnsafeRawPointer(pointer).loadUnaligned(as: Vector.self)
}

/// Loads one vector; no alignment is needed.
@inline(__always)
func loadVector(_ pointer: UnsafeMutablePointer<Float>) -> Vector {
    UnsafeRawPointer(pointer).loadUnaligned(as: Vector.self)
}

/// Loads the first `count` lanes and leaves the others +0; reads nothing beyond them.
@inline(__always)
func loadVector(_ pointer: UnsafePointer<Float>, count: Int) -> Vector {
    var vector = Vector.zero
    var lane = 0
    while lane < laneCount {
        if lane < count { vector[lane] = pointer[lane] }
        lane &+= 1
    }
    return vector
}

/// Stores one vector; no alignment is needed.
@inline(__always)
func storeVector(_ vector: Vector, _ pointer: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(pointer).storeBytes(of: vector, as: Vector.self)
}

/// Stores the first `count` lanes and writes nothing beyond them.
@inline(__always)
func storeVector(_ vector: Vector, _ pointer: UnsafeMutablePointer<Float>, count: Int) {
    var lane = 0
    while lane < laneCount {
        if lane < count { pointer[lane] = vector[lane] }
        lane &+= 1
    }
}

/// Clears `count` floats, a multiple of the vector's lanes.
@inline(always)
func clearVectors(_ pointer: UnsafeMutablePointer<Float>, count: Int) {
    var index = 0
    while index < count {
        storeVector(Vector.zero, pointer + index)
        index &+= laneCount
    }
}

/// `count` rounded up to whole vectors.
@inline(always)
func wholeVectorCount(_ count: Int) -> Int { (count &+ laneCount &- 1) / laneCount &* laneCount }

/// A vector with the same value in every lane.
@inline(__always)
func broadcast(_ value: Float) -> Vector {
    Vector(repeating: value)
}

/// `x > 0 ? x : +0` in every lane; NaN becomes +0.
@inline(__always)
func rectified(_ x: Vector) -> Vector {
    Vector.zero.replacing(with: x, where: x .> Vector.zero)
}

/// Stores the lowest byte of every lane.
///
/// The optimiser turns the lane loop into one conversion; the standard library's conversions and byte vectors stay
/// calls.
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

/// `pointer + offset`, or nil.
@inline(always)
func optionalOffset(_ pointer: UnsafePointer<Float>?, _ offset: Int) -> UnsafePointer<Float>? {
    guard let pointer else { return nil }
    return pointer + offset
}

// The standard library's `min` and `max` are generic: their specialisation to Int becomes a function that the linker
// shares between modules of different instruction sets.

@inline(__always)
func lesser(_ a: Int, _ b: Int) -> Int { a < b ? a : b }

@inline(__always)
func greater(_ a: Int, _ b: Int) -> Int { a > b ? a : b }
