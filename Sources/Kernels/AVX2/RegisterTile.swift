/// The sums of up to 6 rows × 2 vectors of 8 columns, meant to live in registers.
///
/// 12 accumulators, two vectors of b and one broadcast value fill 15 of the 16 ymm registers.
/// `rows` is a literal at every call (one of 6, 4, 2 and 1), so the rows that it leaves out vanish from the machine code.
struct RegisterTile {
    var row0 = TileRow()
    var row1 = TileRow()
    var row2 = TileRow()
    var row3 = TileRow()
    var row4 = TileRow()
    var row5 = TileRow()

    /// The height of the next tile when `rows` rows are left.
    @inline(__always)
    static func height(fitting rows: Int) -> Int {
        if rows >= 6 { return 6 }
        if rows >= 4 { return 4 }
        if rows >= 2 { return 2 }
        return 1
    }

    /// Adds `a[row · rowStride] · b` to every row.
    @inline(__always)
    mutating func addProducts(
        rows: Int, vectors: Int, _ a: UnsafePointer<Float>, rowStride: Int, _ b: TileRow
    ) {
        row0.addProduct(a[0], b, vectors: vectors)
        guard rows > 1 else { return }
        row1.addProduct(a[rowStride], b, vectors: vectors)
        guard rows > 2 else { return }
        row2.addProduct(a[2 &* rowStride], b, vectors: vectors)
        row3.addProduct(a[3 &* rowStride], b, vectors: vectors)
        guard rows > 4 else { return }
        row4.addProduct(a[4 &* rowStride], b, vectors: vectors)
        row5.addProduct(a[5 &* rowStride], b, vectors: vectors)
    }

    /// Loads rows that are `rowStride` apart.
    @inline(__always)
    mutating func load(rows: Int, vectors: Int, _ source: UnsafePointer<Float>, rowStride: Int) {
        row0 = TileRow(source, vectors: vectors)
        guard rows > 1 else { return }
        row1 = TileRow(source + rowStride, vectors: vectors)
        guard rows > 2 else { return }
        row2 = TileRow(source + 2 &* rowStride, vectors: vectors)
        row3 = TileRow(source + 3 &* rowStride, vectors: vectors)
        guard rows > 4 else { return }
        row4 = TileRow(source + 4 &* rowStride, vectors: vectors)
        row5 = TileRow(source + 5 &* rowStride, vectors: vectors)
    }

    /// Adds earlier sums: `earlier + current`.
    @inline(__always)
    mutating func add(rows: Int, vectors: Int, earlier: UnsafePointer<Float>, rowStride: Int) {
        row0.add(earlier: earlier, vectors: vectors)
        guard rows > 1 else { return }
        row1.add(earlier: earlier + rowStride, vectors: vectors)
        guard rows > 2 else { return }
        row2.add(earlier: earlier + 2 &* rowStride, vectors: vectors)
        row3.add(earlier: earlier + 3 &* rowStride, vectors: vectors)
        guard rows > 4 else { return }
        row4.add(earlier: earlier + 4 &* rowStride, vectors: vectors)
        row5.add(earlier: earlier + 5 &* rowStride, vectors: vectors)
    }

    /// Stores rows `rowStride` apart, after ReLU if asked (a literal).
    @inline(__always)
    func store(
        rows: Int, vectors: Int, _ target: UnsafeMutablePointer<Float>, rowStride: Int, rectifies: Bool = false
    ) {
        row0.store(target, vectors: vectors, rectifies: rectifies)
        guard rows > 1 else { return }
        row1.store(target + rowStride, vectors: vectors, rectifies: rectifies)
        guard rows > 2 else { return }
        row2.store(target + 2 &* rowStride, vectors: vectors, rectifies: rectifies)
        row3.store(target + 3 &* rowStride, vectors: vectors, rectifies: rectifies)
        guard rows > 4 else { return }
        row4.store(target + 4 &* rowStride, vectors: vectors, rectifies: rectifies)
        row5.store(target + 5 &* rowStride, vectors: vectors, rectifies: rectifies)
    }
}
