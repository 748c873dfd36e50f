/// `KernelTable.reluForward`.
public func reluForward(_ count: Int, _ x: UnsafeMutablePointer<Float>) {
    transform(count, x, x) { rectified($0) }
}

/// `KernelTable.reluBackward`.
public func reluBackward(_ count: Int, _ output: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>) {
    combine(count, output, gradient, gradient) { output, gradient in
        Vector.zero.replacing(with: gradient, where: output .> Vector.zero)
    }
}

/// `KernelTable.add`.
public func add(
    _ count: Int, _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>
) {
    combine(count, left, right, result) { $0 + $1 }
}

/// `KernelTable.scaleBytes`.
public func scaleBytes(_ count: Int, _ bytes: UnsafePointer<UInt8>, _ y: UnsafeMutablePointer<Float>) {
    var index = 0
    while index < count {
        y[index] = Float(bytes[index]) / 255
        index &+= 1
    }
}

/// `KernelTable.allFinite`.
///
/// x − x is +0 for a finite x and NaN otherwise, and NaN survives every sum.
public func allFinite(_ count: Int, _ x: UnsafePointer<Float>) -> Bool {
    var first = Vector.zero
    var second = Vector.zero
    var index = 0
    while index &+ 2 &* laneCount <= count {
        let left = loadVector(x + index)
        let right = loadVector(x + index + laneCount)
        first += left - left
        second += right - right
        index &+= 2 &* laneCount
    }
    while index < count {
        let rest = lesser(count &- index, laneCount)
        let values = loadVector(x + index, count: rest)
        first += values - values
        index &+= rest
    }
    let total = first + second
    var lane = 0
    var isFinite = true
    while lane < laneCount {
        if total[lane] != 0 { isFinite = false }
        lane &+= 1
    }
    return isFinite
}

/// Writes `body` of every vector of x to y; y may be x. The last vector is padded with +0.
@inline(__always)
func transform(
    _ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ body: (Vector) -> Vector
) {
    var index = 0
    while index &+ laneCount <= count {
        storeVector(body(loadVector(x + index)), y + index)
        index &+= laneCount
    }
    if index < count {
        let rest = count &- index
        storeVector(body(loadVector(x + index, count: rest)), y + index, count: rest)
    }
}

/// Writes `body` of every pair of vectors to `result`, which may be one of the operands.
@inline(__always)
func combine(
    _ count: Int, _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>,
    _ body: (Vector, Vector) -> Vector
) {
    var index = 0
    while index &+ laneCount <= count {
        storeVector(body(loadVector(left + index), loadVector(right + index)), result + index)
        index &+= laneCount
    }
    if index < count {
        let rest = count &- index
        let value = body(loadVector(left + index, count: rest), loadVector(right + index, count: rest))
        storeVector(value, result + index, count: rest)
    }
}

/// Writes `function` of every value of x to y; y may be x.
///
/// The loop is written for one value and vectorized by the compiler, which it can do because only y is touched. (The
/// arithmetic operators of SIMD types work lane by lane; in a long formula the optimizer does not join the lanes
/// again.)
@inline(__always)
func apply(
    _ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ function: (Float) -> Float
) {
    if x != UnsafePointer(y) { y.update(from: x, count: count) }
    var index = 0
    while index < count {
        y[index] = function(y[index])
        index &+= 1
    }
}
