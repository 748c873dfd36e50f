internal import KernelInterface

/// A panel of 1 or 2 vectors of output channels, packed into scratch: `[inner, width]`, the missing channels +0.
struct ConvolutionPanel {
    let weights: UnsafeMutablePointer<Float>
    /// One row of start values.
    let bias: UnsafeMutablePointer<Float>
    /// Room for one tile, for outputs that may not be stored as whole tiles.
    let tile: UnsafeMutablePointer<Float>
    /// Room for the window indices of one tile.
    let windowIndex: UnsafeMutablePointer<UInt8>
    let innerCount: Int
    /// For each weight row, where its input is, relative to the input corner of an output position.
    let offsets: UnsafeMutablePointer<Int>

    /// Whether the panel of a shape fits the scratch memory.
    @inline(always)
    static func fits(_ shape: ConvolutionShape) -> Bool {
        let rowByteCount = 8 &+ 2 &* laneCount &* 4
        return shape.weightRowCount <= (KernelTable.scratchByteCount &- 16384) / rowByteCount
    }

    @inline(always)
    init(_ shape: ConvolutionShape, _ scratch: UnsafeMutableRawPointer) {
        innerCount = shape.weightRowCount
        tile = scratch.assumingMemoryBound(to: Float.self)
        bias = (scratch + 4096).assumingMemoryBound(to: Float.self)
        windowIndex = (scratch + 4096 + 1024).assumingMemoryBound(to: UInt8.self)
        weights = (scratch + 8192).assumingMemoryBound(to: Float.self)
        offsets = (scratch + (8192 &+ innerCount &* 2 &* laneCount &* 4)).assumingMemoryBound(to: Int.self)
        fillInputOffsets(shape, 0, innerCount, offsets)
    }

    /// Packs columns `column ..< column + count` of the weights and of the bias.
    @inline(always)
    func pack(_ arguments: ConvolutionForwardArguments, column: Int, count: Int, vectorCount: Int) {
        let width = vectorCount &* laneCount
        let stride = arguments.shape.outputChannels
        if let source = arguments.bias {
            packRow(source + column, bias, count, width)
        } else {
            packRow(arguments.weights, bias, 0, width)
        }
        var row = 0
        while row < innerCount {
            packRow(arguments.weights + (row &* stride &+ column), weights + row &* width, count, width)
            row &+= 1
        }
    }
}

/// Copies `count` floats and fills up with +0 to `width`.
@inline(always)
func packRow(_ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>, _ count: Int, _ width: Int) {
    var lane = 0
    while lane < width {
        if lane &+ laneCount <= count {
            storeVector(loadVector(source + lane), target + lane)
        } else {
            storeVector(loadVector(source + lane, count: count &- lane), target + lane)
        }
        lane &+= laneCount
    }
}
