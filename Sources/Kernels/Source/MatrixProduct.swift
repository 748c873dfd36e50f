internal import CPlatform
public import KernelInterface

/// `KernelTable.matrixProduct`.
public func matrixProduct(_ arguments: MatrixProductArguments, _ scratch: UnsafeMutableRawPointer) {
    MatrixProduct(arguments, scratch).run(transposed: false)
}

/// `KernelTable.matrixProductTransposed`.
public func matrixProductTransposed(_ arguments: MatrixProductArguments, _ scratch: UnsafeMutableRawPointer) {
    MatrixProduct(arguments, scratch).run(transposed: true)
}

/// The loops around the register tile: blocks of k, then panels of two vectors of columns, then tiles of rows.
///
/// A later block of k starts its accumulators from what the earlier one left in c, so blocking changes no bit. The
/// block of b stays in the first-level cache while all rows pass by. a is read in place: a panel is too narrow to repay
/// a copy.
struct MatrixProduct {
    /// Values of k in a block: the panel of b then takes at most 32 KiB.
    @inline(always)
    static var blockInnerCount: Int { 256 }

    /// Panels that are packed together when k is short, so that longer pieces of a row of c are written at a time.
    @inline(always)
    static var largestGroup: Int { 8 }

    let arguments: MatrixProductArguments
    /// A packed panel of b.
    let panel: UnsafeMutablePointer<Float>
    /// One padded tile of c.
    let paddedTile: UnsafeMutablePointer<Float>
    /// One padded panel row of the bias.
    let paddedBias: UnsafeMutablePointer<Float>

    @inline(always)
    init(_ arguments: MatrixProductArguments, _ scratch: UnsafeMutableRawPointer) {
        self.arguments = arguments
        let floats = scratch.assumingMemoryBound(to: Float.self)
        panel = floats
        paddedTile = panel + Self.blockInnerCount &* Panel.width
        paddedBias = paddedTile + 16 &* Panel.width
    }

    @inline(always)
    func run(transposed: Bool) {
        var begin = 0
        repeat {
            let count = lesser(arguments.innerCount &- begin, Self.blockInnerCount)
            let panels = lesser(Self.largestGroup, Self.blockInnerCount / greater(count, 1))
            let mayGroup = panels > 1 && (transposed || arguments.rowCount > 16)
            var column = 0
            while column < arguments.columnCount {
                let rest = arguments.columnCount &- column
                let columns =
                    mayGroup && rest >= 2 &* Panel.width
                    ? lesser(rest / Panel.width, panels) &* Panel.width : lesser(rest, Panel.width)
                if columns > Panel.width {
                    runGroup(begin, count, column, panels: columns / Panel.width, transposed: transposed)
                } else {
                    runPanel(begin, count, column, columns, transposed: transposed)
                }
                column &+= columns
            }
            begin &+= count
        } while begin < arguments.innerCount
    }

    /// All rows of one panel of columns, over one block of k.
    @inline(always)
    private func runPanel(_ begin: Int, _ count: Int, _ column: Int, _ columns: Int, transposed: Bool) {
        let vectors = Panel.vectors(for: columns)
        let isPartial = columns < vectors &* laneCount
        var tile = ProductTile(
            innerCount: count, a: arguments.a + begin, aRowStride: arguments.aRowStride,
            b: UnsafePointer(panel), bRowStride: vectors &* laneCount,
            c: arguments.c + column, cRowStride: arguments.cRowStride,
            start: begin == 0 ? arguments.start : .result, bias: UnsafePointer(paddedBias),
            appliesReLU: arguments.appliesReLU && begin &+ count == arguments.innerCount)
        if transposed {
            let source = arguments.b + (column &* arguments.bRowStride &+ begin)
            packPanelTransposed(inner: count, columns: columns, source, rowStride: arguments.bRowStride, panel)
        } else {
            let source = arguments.b + (begin &* arguments.bRowStride &+ column)
            if isPartial || (arguments.bRowStride != tile.bRowStride && arguments.rowCount > 16) {
                packPanel(rows: count, columns: columns, source, rowStride: arguments.bRowStride, panel)
            } else {
                tile.b = source
                tile.bRowStride = arguments.bRowStride
            }
        }
        if tile.start == .bias, let bias = arguments.bias {
            packPanel(rows: 1, columns: columns, bias + column, rowStride: 0, paddedBias)
        }
        if isPartial {
            runPaddedTiles(tile, columns: columns, vectors: vectors)
        } else {
            tile.computeAll(rowCount: arguments.rowCount, vectors: vectors)
        }
    }

    /// All rows of several full panels, over one block of k.
    @inline(always)
    private func runGroup(_ begin: Int, _ count: Int, _ column: Int, panels: Int, transposed: Bool) {
        let panelCount = count &* Panel.width
        var index = 0
        while index < panels {
            pack(begin, count, column &+ index &* Panel.width, panel + index &* panelCount, transposed: transposed)
            index &+= 1
        }
        let bias = (arguments.bias ?? UnsafePointer(paddedBias)) + column
        var tile = ProductTile(
            innerCount: count, a: arguments.a + begin, aRowStride: arguments.aRowStride,
            b: UnsafePointer(panel), bRowStride: Panel.width,
            c: arguments.c + column, cRowStride: arguments.cRowStride,
            start: begin == 0 ? arguments.start : .result, bias: bias,
            appliesReLU: arguments.appliesReLU && begin &+ count == arguments.innerCount)
        var row = 0
        while row < arguments.rowCount {
            let rows = RegisterTile.height(fitting: arguments.rowCount &- row)
            index = 0
            while index < panels {
                tile.b = UnsafePointer(panel) + index &* panelCount
                tile.bias = bias + index &* Panel.width
                tile.c = arguments.c + (row &* arguments.cRowStride &+ column &+ index &* Panel.width)
                tile.prefetchNext(rows: rows, vectors: 2)
                TileFunctions.product(tile, rows: rows, vectors: 2)
                index &+= 1
            }
            tile.a += rows &* tile.aRowStride
            row &+= rows
        }
    }

    /// Packs a full panel of b.
    @inline(always)
    private func pack(
        _ begin: Int, _ count: Int, _ column: Int, _ target: UnsafeMutablePointer<Float>, transposed: Bool
    ) {
        let stride = arguments.bRowStride
        if transposed {
            let source = arguments.b + (column &* stride &+ begin)
            packPanelTransposed(inner: count, columns: Panel.width, source, rowStride: stride, target)
        } else {
            let source = arguments.b + (begin &* stride &+ column)
            packPanel(rows: count, columns: Panel.width, source, rowStride: stride, target)
        }
    }

    /// All rows of one panel, through a padded copy of c, for a panel that does not fill its vectors.
    @inline(always)
    private func runPaddedTiles(_ first: ProductTile, columns: Int, vectors: Int) {
        var tile = first
        tile.c = paddedTile
        tile.cRowStride = vectors &* laneCount
        var target = first.c
        var row = 0
        while row < arguments.rowCount {
            let rows = RegisterTile.height(fitting: arguments.rowCount &- row)
            if tile.start == .result {
                packPanel(
                    rows: rows, columns: columns, UnsafePointer(target), rowStride: first.cRowStride, paddedTile)
            }
            TileFunctions.product(tile, rows: rows, vectors: vectors)
            copyRows(
                rows: rows, columns: columns, UnsafePointer(paddedTile), rowStride: tile.cRowStride, target,
                rowStride: first.cRowStride)
            tile.a += rows &* tile.aRowStride
            target += rows &* first.cRowStride
            row &+= rows
        }
    }
}

/// One register tile of a matrix product: `c[row, column] = start + Σ_k a[row, k] · b[k, column]`.
///
/// Whole vectors of b, c and bias are read and written, so a panel with fewer columns is padded.
struct ProductTile {
    var innerCount: Int
    var a: UnsafePointer<Float>
    var aRowStride: Int
    var b: UnsafePointer<Float>
    var bRowStride: Int
    var c: UnsafeMutablePointer<Float>
    var cRowStride: Int
    var start: AccumulatorStart
    var bias: UnsafePointer<Float>
    var appliesReLU: Bool

    /// Computes this tile and those below it, `rowCount` rows in all.
    @inline(always)
    func computeAll(rowCount: Int, vectors: Int) {
        var tile = self
        var row = 0
        while row < rowCount {
            let rows = RegisterTile.height(fitting: rowCount &- row)
            TileFunctions.product(tile, rows: rows, vectors: vectors)
            tile.a += rows &* tile.aRowStride
            tile.c += rows &* tile.cRowStride
            row &+= rows
        }
    }

    /// Requests the lines of the tile to the right for writing.
    @inline(always)
    func prefetchNext(rows: Int, vectors: Int) {
        var next = c + vectors &* laneCount
        var row = 0
        while row < rows {
            selvedge_prefetch_for_writing(next)
            selvedge_prefetch_for_writing(next + (vectors &* laneCount &- 1))
            next += cRowStride
            row &+= 1
        }
    }

    /// Computes the tile; `rows` and `vectors` are literals.
    @inline(always)
    func compute(rows: Int, vectors: Int) {
        var tile = RegisterTile()
        switch start {
        case .zero: break
        case .bias: tile.load(rows: rows, vectors: vectors, bias, rowStride: 0)
        case .result: tile.load(rows: rows, vectors: vectors, c, rowStride: cRowStride)
        }
        accumulate(&tile, rows: rows, vectors: vectors)
        if appliesReLU { tile.rectify(rows: rows, vectors: vectors) }
        tile.store(rows: rows, vectors: vectors, c, rowStride: cRowStride)
    }

    /// Four values of k a round, so that row addresses which do not fit in registers are reloaded only once for four.
    @inline(always)
    private func accumulate(_ tile: inout RegisterTile, rows: Int, vectors: Int) {
        var a = self.a
        var b = self.b
        var remaining = innerCount
        while remaining >= 4 {
            addProducts(&tile, rows: rows, vectors: vectors, a, b)
            addProducts(&tile, rows: rows, vectors: vectors, a + 1, b + bRowStride)
            addProducts(&tile, rows: rows, vectors: vectors, a + 2, b + 2 &* bRowStride)
            addProducts(&tile, rows: rows, vectors: vectors, a + 3, b + 3 &* bRowStride)
            a += 4
            b += 4 &* bRowStride
            remaining &-= 4
        }
        while remaining > 0 {
            addProducts(&tile, rows: rows, vectors: vectors, a, b)
            a += 1
            b += bRowStride
            remaining &-= 1
        }
    }

    /// The products of one value of k.
    @inline(always)
    private func addProducts(
        _ tile: inout RegisterTile, rows: Int, vectors: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>
    ) {
        tile.addProducts(rows: rows, vectors: vectors, a, rowStride: aRowStride, TileRow(b, vectors: vectors))
    }
}
