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
/// The loop is written for one value and vectorized by the compiler, which it can do because only y is touched. (The arithmetic
/// operators of SIMD types work lane by lane; in a long formula the optimizer does not join the lanes again.)
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
