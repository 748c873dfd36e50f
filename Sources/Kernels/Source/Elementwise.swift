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
