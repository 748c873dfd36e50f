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
            panel.pack(arguments, column: column, count: count)
            forwardTiles(2, arguments, panel, column, count)
        } else {
            panel.pack(arguments, column: column, count: count)
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
        var tile = RegisterTile()
        tile.load(rows: tileRowCount, vectors: vectorCount, panel.bias, rowStride: 0)
        multiplyPanel(tileRowCount, vectorCount, &tile, pointers, panel, shape)
        if arguments.appliesReLU { tile.rectify(rows: tileRowCount, vectors: vectorCount) }
        let rows = lesser(tileRowCount, total &- position)
        let output = arguments.output + (position &* shape.outputChannels &+ column)
        if rows == tileRowCount && count == width {
            tile.store(rows: tileRowCount, vectors: vectorCount, output, rowStride: shape.outputChannels)
        } else {
            tile.store(rows: tileRowCount, vectors: vectorCount, panel.tile, rowStride: width)
            copyRows(
                rows: rows, columns: count, UnsafePointer(panel.tile), rowStride: width, output,
                rowStride: shape.outputChannels)
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
    _ rowCount: Int, _ vectorCount: Int, _ tile: inout RegisterTile, _ pointers: TilePointers,
    _ panel: ConvolutionPanel, _ shape: ConvolutionShape
) {
    var weights = UnsafePointer(panel.weights)
    if registerCount == 16 {
        var inner = 0
        while inner < panel.innerCount {
            let offset = panel.offsets[inner]
            multiplyWeights(rowCount, vectorCount, &tile, pointers, offset, &weights)
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
            multiplyWeights(rowCount, vectorCount, &tile, pointers, offset, &weights)
            offset &+= 1
        }
        kernelRow &+= 1
    }
}

/// Adds one weight row to a tile and moves on to the next.
@inline(always)
private func multiplyWeights(
    _ rowCount: Int, _ vectorCount: Int, _ tile: inout RegisterTile, _ pointers: TilePointers,
    _ offset: Int, _ weights: inout UnsafePointer<Float>
) {
    let row = TileRow(weights, vectors: vectorCount)
    tile.addProducts(rows: rowCount, vectors: vectorCount, pointers, offset: offset, row)
    weights += vectorCount &* laneCount
}

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
    func pack(_ arguments: ConvolutionForwardArguments, column: Int, count: Int) {
        let stride = arguments.shape.outputChannels
        if let source = arguments.bias {
            packPanel(rows: 1, columns: count, source + column, rowStride: 0, bias)
        } else {
            storeVector(Vector.zero, bias)
            storeVector(Vector.zero, bias + laneCount)
        }
        packPanel(rows: innerCount, columns: count, arguments.weights + column, rowStride: stride, weights)
    }
}

// Shapes whose packed panel does not fit the scratch memory (tens of thousands of weight rows) are computed one
// output at a time, in the same order and so with the same bits.

/// One output before ReLU; `corner` points at the input corner of its position.
@inline(always)
private func convolutionValue(
    _ arguments: ConvolutionForwardArguments, _ corner: UnsafePointer<Float>, _ channel: Int
) -> Float {
    let shape = arguments.shape
    var sum: Float = 0
    if let bias = arguments.bias { sum = bias[channel] }
    var weight = arguments.weights + channel
    var kernelRow = 0
    while kernelRow < shape.kernelHeight {
        let input = corner + kernelRow &* shape.inputWidth &* shape.inputChannels
        var inner = 0
        while inner < shape.kernelWidth &* shape.inputChannels {
            sum = sum.addingProduct(input[inner], weight.pointee)
            weight += shape.outputChannels
            inner &+= 1
        }
        kernelRow &+= 1
    }
    return sum
}

/// `convolutionForward` without packing.
func convolutionForwardUnpacked(_ arguments: ConvolutionForwardArguments) {
    let shape = arguments.shape
    let total = arguments.sampleCount &* shape.outputHeight &* shape.outputWidth
    var cursor = ConvolutionCursor(shape, arguments.input, step: 1)
    var position = 0
    while position < total {
        var channel = 0
        while channel < shape.outputChannels {
            let value = convolutionValue(arguments, cursor.pointer, channel)
            arguments.output[position &* shape.outputChannels &+ channel] =
                arguments.appliesReLU && !(value > 0) ? 0 : value
            channel &+= 1
        }
        cursor.advance()
        position &+= 1
    }
}

/// `convolutionForwardPooled` without packing.
func convolutionForwardPooledUnpacked(_ arguments: ConvolutionForwardArguments) {
    let shape = arguments.shape
    let total = arguments.sampleCount &* shape.pooledHeight &* shape.pooledWidth
    let below = shape.inputWidth &* shape.inputChannels
    var cursor = ConvolutionCursor(shape, arguments.input, step: 2)
    var position = 0
    while position < total {
        var channel = 0
        while channel < shape.outputChannels {
            var best = convolutionValue(arguments, cursor.pointer, channel)
            var bestIndex = 0
            var index = 1
            while index < 4 {
                let corner = cursor.pointer + ((index & 1) &* shape.inputChannels &+ (index >> 1) &* below)
                let value = convolutionValue(arguments, corner, channel)
                if value > best {
                    best = value
                    bestIndex = index
                }
                index &+= 1
            }
            let target = position &* shape.outputChannels &+ channel
            let isZeroed = arguments.appliesReLU && !(best > 0)
            arguments.output[target] = isZeroed ? 0 : best
            arguments.windowIndex?[target] = isZeroed ? noWindowPlace : UInt8(truncatingIfNeeded: bestIndex)
            channel &+= 1
        }
        cursor.advance()
        position &+= 1
    }
}

/// Turns the kernel by 180° and exchanges its channel axes: `[ky, kx, ci, co]` becomes `[kh-1-ky, kw-1-kx, co, ci]`.
func flipConvolutionWeights(
    _ shape: ConvolutionShape, _ weights: UnsafePointer<Float>, _ flipped: UnsafeMutablePointer<Float>
) {
    let inputs = shape.inputChannels
    let outputs = shape.outputChannels
    let tapCount = shape.kernelHeight &* shape.kernelWidth
    var tap = 0
    while tap < tapCount {
        let source = weights + tap &* inputs &* outputs
        // Reversing the row-major number of a tap reverses both of its coordinates.
        let target = flipped + (tapCount &- 1 &- tap) &* inputs &* outputs
        var output = 0
        while output < outputs {
            var input = 0
            while input < inputs {
                target[output &* inputs &+ input] = source[input &* outputs &+ output]
                input &+= 1
            }
            output &+= 1
        }
        tap &+= 1
    }
}
