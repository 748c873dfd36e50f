internal import KernelInterface

/// `KernelTable.winogradInputGradient`.
func winogradInputGradient(_ arguments: WinogradInputGradientArguments, _ scratch: UnsafeMutableRawPointer) {
    let memory = WinogradMemory(scratch)
    let shape = arguments.shape
    clear(arguments.inputGradient, count: arguments.sampleCount &* shape.inputCount)
    let matrixCount = shape.transformedMatrixCount(isTransposed: true)
    var weights = arguments.transformedWeights
    var index = 0
    while index < shape.regionCount {
        let region = shape.region(index)
        let product = WinogradProduct(
            region, tiles: arguments.sampleCount &* region.tileCount, innerCount: shape.outputChannels,
            columnCount: shape.inputChannels, weights: weights, matrixCount: matrixCount, memory)
        inputGradientOfRegion(arguments, product, memory)
        weights += region.pointCount &* matrixCount
        index &+= 1
    }
}

@inline(never)
private func clear(_ values: UnsafeMutablePointer<Float>, count: Int) {
    var index = count / laneCount &* laneCount
    clearVectors(values, count: index)
    while index < count {
        values[index] = 0
        index &+= 1
    }
}

@inline(always)
private func inputGradientOfRegion(
    _ arguments: WinogradInputGradientArguments, _ product: WinogradProduct, _ memory: WinogradMemory
) {
    let region = product.region
    let total = arguments.sampleCount &* region.tileCount
    var gradientCursor = WinogradCursor(region, sample: 0)
    var inputCursor = gradientCursor
    var begin = 0
    while begin < total {
        let count = lesser(product.blockTileCount, total &- begin)
        var tile = 0
        while tile < count {
            transformGradientTile(
                arguments.shape, region, arguments.outputGradient, gradientCursor,
                channels: 0..<arguments.shape.outputChannels, product.factors, tile: tile, memory)
            gradientCursor.advance()
            tile &+= 1
        }
        product.run(tiles: count)
        tile = 0
        while tile < count {
            addInputTile(arguments, region, product.products, tile, inputCursor, memory)
            inputCursor.advance()
            tile &+= 1
        }
        begin &+= count
    }
}

/// Transforms the products of a tile to gradients of its inputs (`B·n·Bᵀ`) and adds those that lie in the image.
@inline(always)
private func addInputTile(
    _ arguments: WinogradInputGradientArguments, _ region: WinogradRegion, _ products: WinogradValues, _ tile: Int,
    _ cursor: WinogradCursor, _ memory: WinogradMemory
) {
    let shape = arguments.shape
    let (down, across) = (region.rows.points, region.columns.points)
    let row = cursor.row &- shape.paddingTop
    let column = cursor.column &- shape.paddingLeft
    let rowStride = shape.inputWidth &* shape.inputChannels
    let offset = cursor.sample &* shape.inputCount &+ row &* rowStride &+ column &* shape.inputChannels
    var channel = 0
    while channel < shape.inputChannels {
        let count = lesser(WinogradMemory.chunk, shape.inputChannels &- channel)
        let whole = wholeVectorCount(count)
        var target = WinogradTarget(base: memory.lines, stride: WinogradMemory.chunk)
        var line = 0
        while line < across {
            let source = products.source(tile: tile, point: line, step: across, channel: channel, memory)
            transformLine(.inputGradient, points: down, source, channels: whole, target)
            target.base += down &* WinogradMemory.chunk
            line &+= 1
        }
        var sum = WinogradInputSum(
            source: WinogradSource(
                base: UnsafePointer(memory.lines), stride: down &* WinogradMemory.chunk, zeros: memory.zeros),
            target: arguments.inputGradient + (offset &+ channel), stride: shape.inputChannels, channels: count,
            begin: greater(0, 0 &- column), end: lesser(across, shape.inputWidth &- column))
        line = 0
        while line < down {
            if 0 <= row &+ line && row &+ line < shape.inputHeight {
                if across == 6 { sum.add6() } else { sum.add4() }
            }
            sum.source.base += WinogradMemory.chunk
            sum.target += rowStride
            line &+= 1
        }
        channel &+= count
    }
}

/// One row of a tile's input gradients that is added to the image's.
private struct WinogradInputSum {
    var source: WinogradSource
    /// The tile's first column, which may lie outside.
    var target: UnsafeMutablePointer<Float>
    let stride: Int
    let channels: Int
    /// The tile's columns inside the image.
    let begin: Int
    let end: Int

    @inline(never)
    func add6() { add(6) }

    @inline(never)
    func add4() { add(4) }

    @inline(always)
    private func add(_ points: Int) {
        let pointers = WinogradPointers(source)
        var channel = 0
        while channel < channels {
            let line = WinogradTransform.inputGradient.apply(pointers.load(points, channel), points)
            add(line.v0, 0, channel)
            add(line.v1, 1, channel)
            add(line.v2, 2, channel)
            add(line.v3, 3, channel)
            if points > 4 {
                add(line.v4, 4, channel)
                add(line.v5, 5, channel)
            }
            channel &+= laneCount
        }
    }

    @inline(always)
    private func add(_ value: Vector, _ column: Int, _ channel: Int) {
        guard begin <= column && column < end else { return }
        let place = target + (column &* stride &+ channel)
        let lanes = channels &- channel
        if lanes >= laneCount {
            storeVector(loadVector(place) + value, place)
        } else {
            storeVector(loadVector(UnsafePointer(place), count: lanes) + value, place, count: lanes)
        }
    }
}
