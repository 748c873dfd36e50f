internal import KernelInterface

/// Softmax over packed rows: p_j = e^(z_j − m) / S with m = max z and S summed with j ascending.
struct SoftmaxRows {
    let count: Int
    let classCount: Int

    /// e^(z − m) for every row.
    func exponentials(
        of logits: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, _ kernels: KernelTable
    ) {
        for row in 0..<count {
            let source = logits + row * classCount
            let shifted = output + row * classCount
            let maximum = maximum(source)
            for index in 0..<classCount { shifted[index] = source[index] - maximum }
        }
        kernels.exponential(count * classCount, output, output)
    }

    @inline(__always)
    func sum(_ row: Int, _ values: UnsafePointer<Float>) -> Float {
        var sum: Float = 0
        for index in row * classCount..<(row + 1) * classCount { sum += values[index] }
        return sum
    }

    @inline(__always)
    func divide(_ row: Int, _ values: UnsafeMutablePointer<Float>, by sum: Float) {
        for index in row * classCount..<(row + 1) * classCount { values[index] /= sum }
    }

    /// The largest value of one row; NaN, which the loss must show, wins over all.
    @inline(__always)
    func maximum(_ row: UnsafePointer<Float>) -> Float {
        var best = row[0]
        for index in 1..<classCount where !(row[index] <= best) { best = row[index] }
        return best
    }
}
