internal import KernelInterface

/// `KernelTable.winogradForward`.
///
/// Tile block by tile block: the inputs go to the points, are multiplied there, and go back, while all of it is in the
/// second-level cache.
func winogradForward(_ arguments: WinogradForwardArguments, _ scratch: UnsafeMutableRawPointer) {
    let memory = WinogradMemory(scratch)
    let shape = arguments.shape
    let matrixCount = shape.transformedMatrixCount(isTransposed: false)
    var weights = arguments.transformedWeights
    var index = 0
    while index < shape.regionCount {
        let region = shape.region(index)
        let product = WinogradProduct(
            region, tiles: arguments.sampleCount &* region.tileCount, innerCount: shape.inputChannels,
            columnCount: shape.outputChannels, weights: weights, matrixCount: matrixCount, memory)
        forwardRegion(arguments, product, memory)
        weights += region.pointCount &* matrixCount
        index &+= 1
    }
}

@inline(always)
private func forwardRegion(
    _ arguments: WinogradForwardArguments, _ product: WinogradProduct, _ memory: WinogradMemory
) {
    let region = product.region
    let total = arguments.sampleCount &* region.tileCount
    var inputCursor = WinogradCursor(region, sample: 0)
    var outputCursor = inputCursor
    var begin = 0
    while begin < total {
        let count = lesser(product.blockTileCount, total &- begin)
        var tile = 0
        while tile < count {
            transformInputTile(
                arguments.shape, region, arguments.input, inputCursor, channels: 0..<arguments.shape.inputChannels,
                product.factors, tile: tile, memory)
            inputCursor.advance()
            tile &+= 1
        }
        product.run(tiles: count)
        tile = 0
        while tile < count {
            storeOutputTile(arguments, region, product.products, tile, outputCursor, memory)
            outputCursor.advance()
            tile &+= 1
        }
        begin &+= count
    }
}

/// Transforms the products of a tile to outputs (`Aᵀ·m·A`), adds the bias, pools, applies ReLU and stores.
@inline(always)
private func storeOutputTile(
    _ arguments: WinogradForwardArguments, _ region: WinogradRegion, _ products: WinogradValues, _ tile: Int,
    _ cursor: WinogradCursor, _ memory: WinogradMemory
) {
    let shape = arguments.shape
    let (down, across) = (region.rows.points, region.columns.points)
    let rowCount = region.rows.tileOutputs
    var channel = 0
    while channel < shape.outputChannels {
        let count = lesser(WinogradMemory.chunk, shape.outputChannels &- channel)
        let whole = wholeVectorCount(count)
        var target = WinogradTarget(base: memory.lines, stride: WinogradMemory.chunk)
        var line = 0
        while line < across {
            let source = products.source(tile: tile, point: line, step: across, channel: channel, memory)
            transformLine(.output, points: down, source, channels: whole, target)
            target.base += rowCount &* WinogradMemory.chunk
            line &+= 1
        }
        let finish = WinogradOutputs(
            lines: UnsafePointer(memory.lines), lineStride: rowCount &* WinogradMemory.chunk,
            bias: optionalOffset(arguments.bias, channel), channels: count, zeros: UnsafePointer(memory.zeros),
            arguments, cursor, channel: channel)
        switch (across, shape.isPooled) {
        case (6, false): finish.store6(rows: lesser(rowCount, shape.outputHeight &- cursor.row))
        case (_, false): finish.store4(rows: lesser(rowCount, shape.outputHeight &- cursor.row))
        case (6, true): finish.pool6(rows: lesser(rowCount, shape.computedHeight &- cursor.row))
        case (_, true): finish.pool4(rows: lesser(rowCount, shape.computedHeight &- cursor.row))
        }
        channel &+= count
    }
}

/// The second stage of the transform to outputs, with the epilogue.
private struct WinogradOutputs {
    let lines: UnsafePointer<Float>
    let lineStride: Int
    let bias: UnsafePointer<Float>?
    let channels: Int
    let zeros: UnsafePointer<Float>
    let appliesReLU: Bool
    /// At the tile's first stored output, with the floats to the next column and row, and how many columns of outputs
    /// are used.
    let output: UnsafeMutablePointer<Float>
    let windowIndex: UnsafeMutablePointer<UInt8>?
    let columnStride: Int
    let rowStride: Int
    let columnCount: Int

    @inline(always)
    init(
        lines: UnsafePointer<Float>, lineStride: Int, bias: UnsafePointer<Float>?, channels: Int,
        zeros: UnsafePointer<Float>, _ arguments: WinogradForwardArguments, _ cursor: WinogradCursor, channel: Int
    ) {
        self.lines = lines
        self.lineStride = lineStride
        self.bias = bias
        self.channels = channels
        self.zeros = zeros
        let shape = arguments.shape
        appliesReLU = arguments.appliesReLU
        columnStride = shape.outputChannels
        let width = shape.isPooled ? shape.pooledWidth : shape.outputWidth
        rowStride = width &* columnStride
        columnCount = shape.computedWidth &- cursor.column
        let (row, column) =
            shape.isPooled ? (cursor.row / 2, cursor.column / 2) : (cursor.row, cursor.column)
        let offset =
            cursor.sample &* shape.storedOutputCount &+ row &* rowStride &+ column &* columnStride &+ channel
        output = arguments.output + offset
        if let indices = arguments.windowIndex { windowIndex = indices + offset } else { windowIndex = nil }
    }

    @inline(never)
    func store6(rows: Int) { store(6, rows: rows) }

    @inline(never)
    func store4(rows: Int) { store(4, rows: rows) }

    @inline(never)
    func pool6(rows: Int) { pool(6, rows: rows) }

    @inline(never)
    func pool4(rows: Int) { pool(4, rows: rows) }

    /// The line of outputs of a row, with the bias.
    @inline(always)
    private func outputs(_ points: Int, row: Int, channel: Int) -> WinogradLine {
        let pointers = WinogradPointers(
            WinogradSource(base: lines + row &* WinogradMemory.chunk, stride: lineStride, zeros: zeros))
        var line = WinogradTransform.output.apply(pointers.load(points, channel), points)
        guard let bias else { return line }
        let lanes = channels &- channel
        let start = lanes >= laneCount ? loadVector(bias + channel) : loadVector(bias + channel, count: lanes)
        line.v0 += start
        line.v1 += start
        line.v2 += start
        line.v3 += start
        return line
    }

    @inline(always)
    private func store(_ points: Int, rows: Int) {
        var row = 0
        while row < rows {
            var channel = 0
            while channel < channels {
                let line = outputs(points, row: row, channel: channel)
                let target = output + (row &* rowStride &+ channel)
                store(line.v0, target, lanes: channels &- channel)
                if columnCount > 1 { store(line.v1, target + columnStride, lanes: channels &- channel) }
                if points > 4 && columnCount > 2 {
                    store(line.v2, target + 2 &* columnStride, lanes: channels &- channel)
                }
                if points > 4 && columnCount > 3 {
                    store(line.v3, target + 3 &* columnStride, lanes: channels &- channel)
                }
                channel &+= laneCount
            }
            row &+= 1
        }
    }

    @inline(always)
    private func store(_ value: Vector, _ target: UnsafeMutablePointer<Float>, lanes: Int) {
        let result = appliesReLU ? rectified(value) : value
        if lanes >= laneCount { storeVector(result, target) } else { storeVector(result, target, count: lanes) }
    }

    @inline(always)
    private func pool(_ points: Int, rows: Int) {
        var row = 0
        while row < rows {
            var channel = 0
            while channel < channels {
                let upper = outputs(points, row: row, channel: channel)
                let lower = outputs(points, row: row &+ 1, channel: channel)
                let offset = row / 2 &* rowStride &+ channel
                storeMaximum(upper.v0, upper.v1, lower.v0, lower.v1, offset, lanes: channels &- channel)
                if points > 4 && columnCount > 2 {
                    storeMaximum(
                        upper.v2, upper.v3, lower.v2, lower.v3, offset &+ columnStride, lanes: channels &- channel)
                }
                channel &+= laneCount
            }
            row &+= 2
        }
    }

    @inline(always)
    private func storeMaximum(_ a: Vector, _ b: Vector, _ c: Vector, _ d: Vector, _ offset: Int, lanes: Int) {
        let (value, place) = firstMaximum(a, b, c, d)
        store(value, output + offset, lanes: lanes)
        guard let windowIndex else { return }
        let index = appliesReLU ? placesBeforeReLU(value, place) : place
        if lanes >= laneCount {
            storeBytes(index, windowIndex + offset)
            return
        }
        var lane = 0
        while lane < laneCount {
            if lane < lanes { windowIndex[offset &+ lane] = UInt8(truncatingIfNeeded: index[lane]) }
            lane &+= 1
        }
    }
}
