internal import CPlatform
internal import KernelInterface

/// Whether a pooled convolution is the usual first one: a 3×3 kernel over one input channel, and whole vectors of
/// output channels.
///
/// All that a 2×2 window's four positions need are the 16 inputs of a 4×4 patch. The functions of this file broadcast
/// each input once and keep weights or sums in registers; they give the bits of the general ones.
@inline(always)
func isPatchConvolution(_ shape: ConvolutionShape) -> Bool {
    shape.inputChannels == 1 && shape.kernelHeight == 3 && shape.kernelWidth == 3
        && shape.outputChannels % laneCount == 0
}

/// Weight rows of a 3×3 kernel over one input channel.
@inline(always)
var patchRowCount: Int { 9 }

/// `convolutionForwardPooled` of a patch convolution. Sample by sample, so that the output's cache lines, which hold
/// several vectors of channels, are still near when the next vector is computed.
@inline(always)
func forwardPooledPatches(_ arguments: ConvolutionForwardArguments) {
    var sample = 0
    while sample < arguments.sampleCount {
        var column = 0
        while column < arguments.shape.outputChannels {
            forwardPooledPatch(arguments, sample: sample, column: column)
            column &+= laneCount
        }
        sample &+= 1
    }
}

/// One vector of output channels of a sample: nine weights, four sums and one input take 14 registers.
@inline(always)
private func forwardPooledPatch(_ arguments: ConvolutionForwardArguments, sample: Int, column: Int) {
    let shape = arguments.shape
    let channels = shape.outputChannels
    let positions = shape.pooledHeight &* shape.pooledWidth
    guard positions > 0 else { return }
    var weights = RegisterTile()
    weights.load(rows: patchRowCount, vectors: 1, arguments.weights + column, rowStride: channels)
    var bias = Vector.zero
    if let values = arguments.bias { bias = loadVector(values + column) }
    let stride = shape.inputWidth
    let prefetchDistance = patchPrefetchPositionCount &* channels
    var cursor = ConvolutionCursor(shape, arguments.input + sample &* shape.inputCount, step: 2)
    var target = sample &* shape.pooledCount &+ column
    let end = target &+ shape.pooledCount
    while target < end {
        selvedge_prefetch_for_writing(arguments.output + (target &+ prefetchDistance))
        var window = PatchWindow(bias)
        window.addRow(0, cursor.pointer, weights)
        window.addRow(1, cursor.pointer + stride, weights)
        window.addRow(2, cursor.pointer + 2 &* stride, weights)
        window.addRow(3, cursor.pointer + 3 &* stride, weights)
        let (maximum, index) = window.maximum
        storeVector(arguments.appliesReLU ? rectified(maximum) : maximum, arguments.output + target)
        if let windowIndex = arguments.windowIndex {
            storeBytes(arguments.appliesReLU ? placesBeforeReLU(maximum, index) : index, windowIndex + target)
        }
        cursor.advance()
        target &+= channels
    }
}

/// The sums of the four positions of a window. Each adds its products in the order of the weights, because the inputs
/// come row by row.
private struct PatchWindow {
    private var upperLeft: Vector
    private var upperRight: Vector
    private var lowerLeft: Vector
    private var lowerRight: Vector

    @inline(always)
    init(_ bias: Vector) {
        upperLeft = bias
        upperRight = bias
        lowerLeft = bias
        lowerRight = bias
    }

    /// Adds the products of one row of the patch; `row` is a literal.
    @inline(always)
    mutating func addRow(_ row: Int, _ input: UnsafePointer<Float>, _ weights: RegisterTile) {
        add(row, 0, input[0], weights)
        add(row, 1, input[1], weights)
        add(row, 2, input[2], weights)
        add(row, 3, input[3], weights)
    }

    @inline(always)
    private mutating func add(_ row: Int, _ column: Int, _ input: Float, _ weights: RegisterTile) {
        let input = broadcast(input)
        if row < 3 && column < 3 {
            upperLeft = upperLeft.addingProduct(input, weights[unchecked: 3 &* row &+ column].left)
        }
        if row < 3 && column > 0 {
            upperRight = upperRight.addingProduct(input, weights[unchecked: 3 &* row &+ column &- 1].left)
        }
        if row > 0 && column < 3 {
            lowerLeft = lowerLeft.addingProduct(input, weights[unchecked: 3 &* row &- 3 &+ column].left)
        }
        if row > 0 && column > 0 {
            lowerRight = lowerRight.addingProduct(input, weights[unchecked: 3 &* row &- 4 &+ column].left)
        }
    }

    /// The first maximum and its place in the window.
    @inline(always)
    var maximum: (value: Vector, index: VectorBits) {
        firstMaximum(upperLeft, upperRight, lowerLeft, lowerRight)
    }
}

/// Positions that are computed while the memory answers a request, roughly.
@inline(always)
private var patchPrefetchPositionCount: Int { 16 }

/// Adds a block of samples to the whole gradient of a 3×3 kernel over one input channel, and to its bias.
///
/// All nine inputs that a lane needs lie in the 4×4 patch under the pooling window. Each of the 16 is broadcast once
/// and multiplied with the gradients of the places that meet it: ten sums, four gradients and one input take 15
/// registers.
@inline(always)
func accumulatePatch(
    _ source: PooledSource, _ part: GradientPart, _ sums: UnsafeMutablePointer<Float>, _ sampleBegin: Int,
    _ sampleEnd: Int
) {
    let shape = source.shape
    let positions = shape.pooledHeight &* shape.pooledWidth
    guard positions > 0 else { return }
    // The bias row comes first in a slot, the nine weight rows follow.
    var tile = RegisterTile()
    tile.load(rows: patchRowCount &+ 1, vectors: 1, sums, rowStride: part.width)
    var cursor = ConvolutionCursor(shape, source.input + sampleBegin &* shape.inputCount, step: 2)
    let stride = shape.inputWidth
    let prefetchDistance = patchPrefetchPositionCount &* shape.outputChannels
    var position = sampleBegin &* positions
    while position < sampleEnd &* positions {
        let offset = position &* shape.outputChannels
        source.prefetch(offset &+ prefetchDistance)
        let flow = PooledFlow(source, offset, isWhole: true)
        tile[unchecked: 0].left += flow.gradient
        let places = PatchPlaces(flow)
        places.addRow(0, cursor.pointer, &tile)
        places.addRow(1, cursor.pointer + stride, &tile)
        places.addRow(2, cursor.pointer + 2 &* stride, &tile)
        places.addRow(3, cursor.pointer + 3 &* stride, &tile)
        cursor.advance()
        position &+= 1
    }
    tile.store(rows: patchRowCount &+ 1, vectors: 1, sums, rowStride: part.width)
}

/// The gradients of a window's four places: +0 in the lanes whose maximum was elsewhere.
private struct PatchPlaces {
    private let upperLeft: Vector
    private let upperRight: Vector
    private let lowerLeft: Vector
    private let lowerRight: Vector

    @inline(always)
    init(_ flow: PooledFlow) {
        upperLeft = flow.gradient(at: 0)
        upperRight = flow.gradient(at: 1)
        lowerLeft = flow.gradient(at: 2)
        lowerRight = flow.gradient(at: 3)
    }

    /// Adds the products of one row of the patch; `row` is a literal.
    @inline(always)
    func addRow(_ row: Int, _ input: UnsafePointer<Float>, _ tile: inout RegisterTile) {
        add(row, 0, input[0], &tile)
        add(row, 1, input[1], &tile)
        add(row, 2, input[2], &tile)
        add(row, 3, input[3], &tile)
    }

    /// Adds the products of one input to the weights whose windows reach it.
    @inline(always)
    private func add(_ row: Int, _ column: Int, _ input: Float, _ tile: inout RegisterTile) {
        let input = broadcast(input)
        if row < 3 && column < 3 { addProduct(row, column, input, upperLeft, &tile) }
        if row < 3 && column > 0 { addProduct(row, column &- 1, input, upperRight, &tile) }
        if row > 0 && column < 3 { addProduct(row &- 1, column, input, lowerLeft, &tile) }
        if row > 0 && column > 0 { addProduct(row &- 1, column &- 1, input, lowerRight, &tile) }
    }

    @inline(always)
    private func addProduct(
        _ kernelRow: Int, _ kernelColumn: Int, _ input: Vector, _ gradient: Vector, _ tile: inout RegisterTile
    ) {
        let index = 1 &+ 3 &* kernelRow &+ kernelColumn
        tile[unchecked: index].left = tile[unchecked: index].left.addingProduct(input, gradient)
    }
}
