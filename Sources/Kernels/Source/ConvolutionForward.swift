internal import KernelInterface

/// The convolution, tile by tile of output positions; see `ConvolutionForwardArguments` for the order of the sums.
///
/// Output positions are numbered through all samples, so only the last tile of a call is not full. The weights of a
/// panel of channels are packed once and stay in the first- or second-level cache while all positions pass.
func convolutionForward(_ arguments: ConvolutionForwardArguments, _ scratch: UnsafeMutableRawPointer) {
    guard ConvolutionPanel.fits(arguments.shape) else { return convolutionForwardUnpacked(arguments) }
    let panel = ConvolutionPanel(arguments.shape, scratch)
    let channels = arguments.shape.outputChannels
    var column = 0
    while column < channels {
        let count = lesser(2 &* laneCount, channels &- column)
        if count > laneCount {
            panel.pack(arguments, column: column, count: count, vectorCount: 2)
            forwardTiles(2, arguments, panel, column, count)
        } else {
            panel.pack(arguments, column: column, count: count, vectorCount: 1)
            forwardTiles(1, arguments, panel, column, count)
        }
        column &+= 2 &* laneCount
    }
}

/// All positions of one panel.
@inline(always)
private func forwardTiles(
    _ vectorCount: Int, _ arguments: ConvolutionForwardArguments, _ panel: ConvolutionPanel, _ column: Int, _ count: Int
) {
    let shape = arguments.shape
    let width = vectorCount &* laneCount
    let total = arguments.sampleCount &* shape.outputHeight &* shape.outputWidth
    guard total > 0 else { return }
    var cursor = ConvolutionCursor(shape, arguments.input, step: 1)
    var position = 0
    while position < total {
        var pointers = TilePointers(repeating: cursor.pointer)
        var row = 0
        while row < tileRowCount {
            pointers[unchecked: row] = cursor.pointer
            if position &+ row &+ 1 < total { cursor.advance() }
            row &+= 1
        }
        var accumulators = TileAccumulators(repeating: Vector.zero)
        loadTile(tileRowCount, vectorCount, &accumulators, panel.bias, 0)
        multiplyPanel(tileRowCount, vectorCount, &accumulators, pointers, panel, shape)
        if arguments.appliesReLU { rectifyTile(tileRowCount, vectorCount, &accumulators) }
        let rows = lesser(tileRowCount, total &- position)
        let output = arguments.output + (position &* shape.outputChannels &+ column)
        if rows == tileRowCount && count == width {
            storeTile(tileRowCount, vectorCount, accumulators, output, shape.outputChannels)
        } else {
            storeTile(tileRowCount, vectorCount, accumulators, panel.tile, width)
            copyRows(rows, count, panel.tile, width, output, shape.outputChannels)
        }
        position &+= tileRowCount
    }
}

/// The whole inner sum of a tile.
///
/// With 32 registers the loop runs kernel row by kernel row; with 16 a table of offsets makes one loop of it, which
/// short kernel rows need. (With the table, the compiler orders the wide loop so that it runs out of registers.)
@inline(always)
func multiplyPanel(
    _ rowCount: Int, _ vectorCount: Int, _ accumulators: inout TileAccumulators, _ pointers: TilePointers,
    _ panel: ConvolutionPanel, _ shape: ConvolutionShape
) {
    var weights = UnsafePointer(panel.weights)
    if laneCount != 16 {
        var inner = 0
        while inner < panel.innerCount {
            let offset = panel.offsets[inner]
            multiplyWeights(rowCount, vectorCount, &accumulators, pointers, offset, &weights)
            inner &+= 1
        }
        return
    }
    let runCount = shape.kernelWidth &* shape.inputChannels
    let rowStride = shape.inputWidth &* shape.inputChannels
    var kernelRow = 0
    while kernelRow < shape.kernelHeight {
        var offset = kernelRow &* rowStride
        let offsetEnd = offset &+ runCount
        while offset < offsetEnd {
            multiplyWeights(rowCount, vectorCount, &accumulators, pointers, offset, &weights)
            offset &+= 1
        }
        kernelRow &+= 1
    }
}

/// Adds one weight row to a tile and moves on to the next.
@inline(always)
private func multiplyWeights(
    _ rowCount: Int, _ vectorCount: Int, _ accumulators: inout TileAccumulators, _ pointers: TilePointers,
    _ offset: Int, _ weights: inout UnsafePointer<Float>
) {
    let w0 = loadVector(weights)
    let w1 = vectorCount == 2 ? loadVector(weights + laneCount) : w0
    accumulateTile(rowCount, vectorCount, &accumulators, pointers, offset, w0, w1)
    weights += vectorCount &* laneCount
}

/// Copies a block of floats row by row.
@inline(always)
func copyRows(
    _ rowCount: Int, _ columnCount: Int, _ source: UnsafePointer<Float>, _ sourceStride: Int,
    _ target: UnsafeMutablePointer<Float>, _ targetStride: Int
) {
    var row = 0
    while row < rowCount {
        var column = 0
        while column < columnCount {
            target[row &* targetStride &+ column] = source[row &* sourceStride &+ column]
            column &+= 1
        }
        row &+= 1
    }
}
