internal import KernelInterface

/// Pooled positions of one register tile; each takes four rows.
@inline(always)
private var tilePooledCount: Int { registerCount == 32 ? 3 : 1 }

/// The convolution with 2×2 max-pooling in the epilogue: the unpooled output is never stored.
///
/// The maximum is taken before ReLU (`max(relu(x)) = relu(max(x))`), so `windowIndex` names the first maximum of the
/// sums themselves.
func convolutionForwardPooled(_ arguments: ConvolutionForwardArguments, _ scratch: UnsafeMutableRawPointer) {
    guard ConvolutionPanel.fits(arguments.shape) else { return convolutionForwardPooledUnpacked(arguments) }
    // With 32 registers the general tile has more independent sums.
    if registerCount == 16 && isPatchConvolution(arguments.shape) { return forwardPooledPatches(arguments) }
    let panel = ConvolutionPanel(arguments.shape, scratch)
    let channels = arguments.shape.outputChannels
    var column = 0
    while column < channels {
        let count = lesser(2 &* laneCount, channels &- column)
        if count > laneCount {
            panel.pack(arguments, column: column, count: count)
            forwardPooledTiles(2, arguments, panel, column, count)
        } else {
            panel.pack(arguments, column: column, count: count)
            forwardPooledTiles(1, arguments, panel, column, count)
        }
        column &+= 2 &* laneCount
    }
}

/// All pooled positions of one panel.
@inline(always)
private func forwardPooledTiles(
    _ vectorCount: Int, _ arguments: ConvolutionForwardArguments, _ panel: ConvolutionPanel, _ column: Int, _ count: Int
) {
    let shape = arguments.shape
    let width = vectorCount &* laneCount
    let total = arguments.sampleCount &* shape.pooledHeight &* shape.pooledWidth
    guard total > 0 else { return }
    let right = shape.inputChannels
    let below = shape.inputWidth &* shape.inputChannels
    var cursor = ConvolutionCursor(shape, arguments.input, step: 2)
    var position = 0
    while position < total {
        var pointers = TilePointers(repeating: cursor.pointer)
        var pooled = 0
        while pooled < tilePooledCount {
            pointers[unchecked: 4 &* pooled] = cursor.pointer
            pointers[unchecked: 4 &* pooled &+ 1] = cursor.pointer + right
            pointers[unchecked: 4 &* pooled &+ 2] = cursor.pointer + below
            pointers[unchecked: 4 &* pooled &+ 3] = cursor.pointer + (below &+ right)
            if position &+ pooled &+ 1 < total { cursor.advance() }
            pooled &+= 1
        }
        var tile = RegisterTile()
        tile.load(rows: 4 &* tilePooledCount, vectors: vectorCount, panel.bias, rowStride: 0)
        multiplyPanel(4 &* tilePooledCount, vectorCount, &tile, pointers, panel, shape)
        let rows = lesser(tilePooledCount, total &- position)
        let isWhole = rows == tilePooledCount && count == width
        let target = position &* shape.outputChannels &+ column
        let output = isWhole ? arguments.output + target : panel.tile
        let stride = isWhole ? shape.outputChannels : width
        var windowIndex = panel.windowIndex
        if isWhole, let indices = arguments.windowIndex { windowIndex = indices + target }
        poolTile(vectorCount, tile, arguments.appliesReLU, output, windowIndex, stride)
        if !isWhole { copyPooledTile(arguments, panel, rows, count, width, target) }
        position &+= tilePooledCount
    }
}

/// Pools the tile and stores values and window indices.
@inline(always)
private func poolTile(
    _ vectorCount: Int, _ tile: RegisterTile, _ appliesReLU: Bool, _ output: UnsafeMutablePointer<Float>,
    _ windowIndex: UnsafeMutablePointer<UInt8>, _ stride: Int
) {
    poolRow(0, vectorCount, tile, appliesReLU, output, windowIndex)
    poolRow(1, vectorCount, tile, appliesReLU, output + stride, windowIndex + stride)
    poolRow(2, vectorCount, tile, appliesReLU, output + 2 &* stride, windowIndex + 2 &* stride)
}

/// Pools one position of the tile.
@inline(always)
private func poolRow(
    _ pooled: Int, _ vectorCount: Int, _ tile: RegisterTile, _ appliesReLU: Bool,
    _ output: UnsafeMutablePointer<Float>, _ windowIndex: UnsafeMutablePointer<UInt8>
) {
    guard pooled < tilePooledCount else { return }
    let first = 4 &* pooled
    let (left, leftIndex) = firstMaximum(
        tile[unchecked: first].left, tile[unchecked: first &+ 1].left, tile[unchecked: first &+ 2].left,
        tile[unchecked: first &+ 3].left)
    storeVector(appliesReLU ? rectified(left) : left, output)
    storeBytes(appliesReLU ? placesBeforeReLU(left, leftIndex) : leftIndex, windowIndex)
    guard vectorCount == 2 else { return }
    let (right, rightIndex) = firstMaximum(
        tile[unchecked: first].right, tile[unchecked: first &+ 1].right, tile[unchecked: first &+ 2].right,
        tile[unchecked: first &+ 3].right)
    storeVector(appliesReLU ? rectified(right) : right, output + laneCount)
    storeBytes(appliesReLU ? placesBeforeReLU(right, rightIndex) : rightIndex, windowIndex + laneCount)
}

/// Copies the valid part of a tile that was stored in scratch.
@inline(always)
private func copyPooledTile(
    _ arguments: ConvolutionForwardArguments, _ panel: ConvolutionPanel, _ rows: Int, _ count: Int, _ width: Int,
    _ target: Int
) {
    let channels = arguments.shape.outputChannels
    copyRows(
        rows: rows, columns: count, UnsafePointer(panel.tile), rowStride: width, arguments.output + target,
        rowStride: channels)
    guard let indices = arguments.windowIndex else { return }
    var row = 0
    while row < rows {
        var column = 0
        while column < count {
            indices[target &+ row &* channels &+ column] = panel.windowIndex[row &* width &+ column]
            column &+= 1
        }
        row &+= 1
    }
}
