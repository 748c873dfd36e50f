internal import KernelInterface

/// What flows back through one vector of channels of a pooled position.
struct PooledFlow {
    /// +0 where ReLU stops it and beyond the last channel.
    let gradient: Vector
    /// Lanes whose maximum was in the right column of the window.
    let isRight: VectorMask
    /// Lanes whose maximum was in the lower row of the window.
    let isLower: VectorMask

    /// - Parameter count: channels from `source` on; read only if not `isWhole`.
    @inline(always)
    init(_ arguments: ConvolutionWeightGradientArguments, _ source: Int, _ count: Int, isWhole: Bool) {
        var value: Vector
        var index = VectorBits.zero
        if isWhole || count >= laneCount {
            value = loadVector(arguments.outputGradient + source)
            if let windowIndex = arguments.windowIndex { index = loadBytes(windowIndex + source) }
        } else {
            value = loadVector(arguments.outputGradient + source, count: count)
            if let windowIndex = arguments.windowIndex { index = loadBytes(windowIndex + source, count: count) }
        }
        if let pooledOutput = arguments.pooledOutput {
            let output =
                isWhole || count >= laneCount
                ? loadVector(pooledOutput + source) : loadVector(pooledOutput + source, count: count)
            value = Vector.zero.replacing(with: value, where: output .> Vector.zero)
        }
        gradient = value
        isRight = (index & VectorBits(repeating: 1)) .!= VectorBits.zero
        isLower = (index & VectorBits(repeating: 2)) .!= VectorBits.zero
    }

    /// Each lane's choice of two values by the row of its maximum.
    @inline(always)
    func selectedRow(_ upper: Float, _ lower: Float) -> Vector {
        broadcast(upper).replacing(with: broadcast(lower), where: isLower)
    }

    /// Each lane's choice of two values by the column of its maximum.
    @inline(always)
    func selectedColumn(_ left: Vector, _ right: Vector) -> Vector {
        left.replacing(with: right, where: isRight)
    }

    /// Each lane's choice of the four places of a window.
    @inline(always)
    func selected(_ upperLeft: Float, _ upperRight: Float, _ lowerLeft: Float, _ lowerRight: Float) -> Vector {
        let upper = broadcast(upperLeft).replacing(with: broadcast(upperRight), where: isRight)
        let lower = broadcast(lowerLeft).replacing(with: broadcast(lowerRight), where: isRight)
        return upper.replacing(with: lower, where: isLower)
    }
}
