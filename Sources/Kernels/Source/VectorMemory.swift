/// Lanes of the set's vector.
@inline(__always)
var laneCount: Int { Vector.scalarCount }

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
