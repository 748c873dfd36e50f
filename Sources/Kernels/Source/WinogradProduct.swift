internal import KernelInterface

/// The products of a block of tiles with the weights: at each point `[tiles, inner] · [inner, columns]`, the sum over
/// the inner channels ascending from +0.
struct WinogradProduct {
    let region: WinogradRegion
    /// Channels that are summed, and channels of the result.
    let innerCount: Int
    let columnCount: Int
    /// The region's transformed weights, and floats from one point to the next.
    let weights: UnsafePointer<Float>
    let matrixCount: Int
    /// Tiles in a block.
    let blockTileCount: Int
    let factors: WinogradValues
    let products: WinogradValues

    /// Bytes of a block's factors and products: enough tiles for each panel of weights to be used often.
    @inline(always)
    private static var blockByteCount: Int { 1_048_576 }

    @inline(always)
    init(
        _ region: WinogradRegion, tiles total: Int, innerCount: Int, columnCount: Int, weights: UnsafePointer<Float>,
        matrixCount: Int, _ memory: WinogradMemory
    ) {
        self.region = region
        self.innerCount = innerCount
        self.columnCount = columnCount
        self.weights = weights
        self.matrixCount = matrixCount
        let (inner, columns) = (WinogradValues.rowStride(innerCount), WinogradValues.rowStride(columnCount))
        let tileFloatCount = region.pointCount &* (inner &+ columns)
        let fitting = (WinogradMemory.valueCount &- 64 &* region.pointCount) / tileFloatCount
        let wished = greater(48, Self.blockByteCount / 4 / tileFloatCount)
        let tiles = Self.even(total, atMost: lesser(wished, fitting))
        blockTileCount = tiles
        factors = .rows(memory.values, tiles: tiles, channels: innerCount)
        products = .rows(
            memory.values + region.pointCount &* factors.pointStride, tiles: tiles, channels: columnCount)
    }

    /// Tiles in a block, so that blocks are about equal and whole register tiles.
    @inline(always)
    private static func even(_ total: Int, atMost limit: Int) -> Int {
        let blocks = (total &+ limit &- 1) / limit
        let tiles = (total &+ blocks &- 1) / greater(blocks, 1)
        let rounded = (tiles &+ tileRowCount &- 1) / tileRowCount &* tileRowCount
        return rounded <= limit ? rounded : tiles
    }

    /// The products of the block's first `tiles` tiles.
    @inline(never)
    func run(tiles: Int) {
        var point = 0
        while point < region.pointCount {
            var b = weights + point &* matrixCount
            var column = 0
            while column < columnCount {
                let vectors = Panel.vectors(for: lesser(columnCount &- column, Panel.width))
                runPanel(point: point, tiles: tiles, column: column, b, vectors: vectors)
                b += innerCount &* vectors &* laneCount
                column &+= Panel.width
            }
            point &+= 1
        }
    }

    @inline(always)
    private func runPanel(point: Int, tiles: Int, column: Int, _ b: UnsafePointer<Float>, vectors: Int) {
        let tile = ProductTile(
            innerCount: innerCount, a: UnsafePointer(factors.base) + point &* factors.pointStride,
            aRowStride: factors.tileStride, b: b, bRowStride: vectors &* laneCount,
            c: products.base + (point &* products.pointStride &+ column), cRowStride: products.tileStride,
            start: .zero, bias: b, appliesReLU: false)
        tile.computeAll(rowCount: tiles, vectors: vectors)
    }
}

/// `KernelTable.transformWinogradWeights`.
func transformWinogradWeights(_ arguments: WinogradWeightArguments, _ scratch: UnsafeMutableRawPointer) {
    let memory = WinogradMemory(scratch)
    let shape = arguments.shape
    let (inner, columns) =
        arguments.isTransposed
        ? (shape.outputChannels, shape.inputChannels) : (shape.inputChannels, shape.outputChannels)
    let matrixCount = shape.transformedMatrixCount(isTransposed: arguments.isTransposed)
    var target = arguments.transformed
    var index = 0
    while index < shape.regionCount {
        let region = shape.region(index)
        var row = 0
        while row < inner {
            transformWeightRow(arguments, region, row: row, inner, columns, target, matrixCount, memory)
            row &+= 1
        }
        target += region.pointCount &* matrixCount
        index &+= 1
    }
}

/// All points of one inner channel's weights.
@inline(always)
private func transformWeightRow(
    _ arguments: WinogradWeightArguments, _ region: WinogradRegion, row: Int, _ inner: Int, _ columns: Int,
    _ transformed: UnsafeMutablePointer<Float>, _ matrixCount: Int, _ memory: WinogradMemory
) {
    let (down, across) = (region.rows.points, region.columns.points)
    let tapStride = inner &* columns
    var column = 0
    while column < columns {
        // Whole panels together, then the last one, whose rows may be shorter.
        let rest = columns &- column
        let isWhole = rest >= Panel.width
        let count = isWhole ? lesser(WinogradMemory.chunk, rest / Panel.width &* Panel.width) : rest
        let width = isWhole ? Panel.width : Panel.vectors(for: rest) &* laneCount
        // A turned kernel has its taps in reverse order.
        let origin = arguments.weights + (row &* columns &+ column)
        var source = WinogradSource(base: origin, stride: 3 &* tapStride, zeros: memory.zeros)
        if arguments.isTransposed {
            source.base = origin + 8 &* tapStride
            source.stride = -3 &* tapStride
        }
        var target = WinogradTarget(base: memory.lines, stride: WinogradMemory.chunk)
        var tap = 0
        while tap < 3 {
            transformLine(.weight, points: down, source, channels: count, target)
            source.base += arguments.isTransposed ? 0 &- tapStride : tapStride
            target.base += down &* WinogradMemory.chunk
            tap &+= 1
        }
        source = WinogradSource(
            base: UnsafePointer(memory.lines), stride: down &* WinogradMemory.chunk, zeros: memory.zeros)
        target = WinogradTarget(
            base: transformed + (column &* inner &+ row &* width), stride: matrixCount,
            panelGap: (inner &- 1) &* Panel.width)
        var line = 0
        while line < down {
            transformLine(.weight, points: across, source, channels: greater(count, width), target)
            source.base += WinogradMemory.chunk
            target.base += across &* matrixCount
            line &+= 1
        }
        column &+= count
    }
}
