import KernelInterface

/// One register tile of a matrix product: `c[row, column] = start + Σ_k a[row, k] · b[k, column]`.
///
/// Whole vectors of b, c and bias are read and written, so a panel with fewer columns comes padded.
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

    /// Computes the tile; `rows` and `vectors` are literals.
    @inline(__always)
    func compute(rows: Int, vectors: Int) {
        var tile = RegisterTile()
        switch start {
        case .zero: break
        case .bias: tile.load(rows: rows, vectors: vectors, bias, rowStride: 0)
        case .result: tile.load(rows: rows, vectors: vectors, c, rowStride: cRowStride)
        }
        accumulate(&tile, rows: rows, vectors: vectors)
        if appliesReLU {
            tile.store(rows: rows, vectors: vectors, c, rowStride: cRowStride, rectifies: true)
        } else {
            tile.store(rows: rows, vectors: vectors, c, rowStride: cRowStride)
        }
    }

    /// Four values of k a round, so that row addresses which do not fit in registers are reloaded only once for four.
    @inline(__always)
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
    @inline(__always)
    private func addProducts(
        _ tile: inout RegisterTile, rows: Int, vectors: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>
    ) {
        tile.addProducts(rows: rows, vectors: vectors, a, rowStride: aRowStride, TileRow(b, vectors: vectors))
    }
}
