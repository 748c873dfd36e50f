/// The sums of up to 14 rows × 2 vectors of 16 columns, meant to live in registers.
///
/// 28 accumulators, two vectors of b and one broadcast value fill 31 of the 32 zmm registers.
/// `rows` is a literal at every call (one of 14, 8, 4, 2 and 1), so the rows that it leaves out vanish from the machine code.
struct RegisterTile {
    var row0 = TileRow()
    var row1 = TileRow()
    var row2 = TileRow()
    var row3 = TileRow()
    var row4 = TileRow()
    var row5 = TileRow()
    var row6 = TileRow()
    var row7 = TileRow()
    var row8 = TileRow()
    var row9 = TileRow()
    var row10 = TileRow()
    var row11 = TileRow()
    var row12 = TileRow()
    var row13 = TileRow()

    /// The height of the next tile when `rows` rows are left.
    @inline(__always)
    static func height(fitting rows: Int) -> Int {
        if rows >= 14 { return 14 }
        if rows >= 8 { return 8 }
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
        row6.addProduct(a[6 &* rowStride], b, vectors: vectors)
        row7.addProduct(a[7 &* rowStride], b, vectors: vectors)
        guard rows > 8 else { return }
        row8.addProduct(a[8 &* rowStride], b, vectors: vectors)
        row9.addProduct(a[9 &* rowStride], b, vectors: vectors)
        row10.addProduct(a[10 &* rowStride], b, vectors: vectors)
        row11.addProduct(a[11 &* rowStride], b, vectors: vectors)
        row12.addProduct(a[12 &* rowStride], b, vectors: vectors)
        row13.addProduct(a[13 &* rowStride], b, vectors: vectors)
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
        row6 = TileRow(source + 6 &* rowStride, vectors: vectors)
        row7 = TileRow(source + 7 &* rowStride, vectors: vectors)
        guard rows > 8 else { return }
        row8 = TileRow(source + 8 &* rowStride, vectors: vectors)
        row9 = TileRow(source + 9 &* rowStride, vectors: vectors)
        row10 = TileRow(source + 10 &* rowStride, vectors: vectors)
        row11 = TileRow(source + 11 &* rowStride, vectors: vectors)
        row12 = TileRow(source + 12 &* rowStride, vectors: vectors)
        row13 = TileRow(source + 13 &* rowStride, vectors: vectors)
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
        row6.add(earlier: earlier + 6 &* rowStride, vectors: vectors)
        row7.add(earlier: earlier + 7 &* rowStride, vectors: vectors)
        guard rows > 8 else { return }
        row8.add(earlier: earlier + 8 &* rowStride, vectors: vectors)
        row9.add(earlier: earlier + 9 &* rowStride, vectors: vectors)
        row10.add(earlier: earlier + 10 &* rowStride, vectors: vectors)
        row11.add(earlier: earlier + 11 &* rowStride, vectors: vectors)
        row12.add(earlier: earlier + 12 &* rowStride, vectors: vectors)
        row13.add(earlier: earlier + 13 &* rowStride, vectors: vectors)
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
        row6.store(target + 6 &* rowStride, vectors: vectors, rectifies: rectifies)
        row7.store(target + 7 &* rowStride, vectors: vectors, rectifies: rectifies)
        guard rows > 8 else { return }
        row8.store(target + 8 &* rowStride, vectors: vectors, rectifies: rectifies)
        row9.store(target + 9 &* rowStride, vectors: vectors, rectifies: rectifies)
        row10.store(target + 10 &* rowStride, vectors: vectors, rectifies: rectifies)
        row11.store(target + 11 &* rowStride, vectors: vectors, rectifies: rectifies)
        row12.store(target + 12 &* rowStride, vectors: vectors, rectifies: rectifies)
        row13.store(target + 13 &* rowStride, vectors: vectors, rectifies: rectifies)
    }
}
