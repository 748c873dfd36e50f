/// Rows of a full register tile: 14 × 2 accumulators, two vectors of the other operand and one broadcast value take 31
/// of 32 registers; 6 × 2 take 15 of 16.
@inline(always)
var tileRowCount: Int { registerCount == 32 ? 14 : 6 }

/// One row of a register tile: one or two vectors of neighbouring columns.
///
/// `vectors` is a literal at every call; with 1 the right vector vanishes from the machine code.
struct TileRow {
    var left = Vector.zero
    var right = Vector.zero

    @inline(always)
    init() {}

    @inline(always)
    init(_ source: UnsafePointer<Float>, vectors: Int) {
        left = loadVector(source)
        if vectors > 1 { right = loadVector(source + laneCount) }
    }

    @inline(always)
    mutating func addProduct(_ factor: Float, _ b: TileRow, vectors: Int) {
        let factors = broadcast(factor)
        left = left.addingProduct(factors, b.left)
        if vectors > 1 { right = right.addingProduct(factors, b.right) }
    }

    @inline(always)
    mutating func add(earlier: UnsafePointer<Float>, vectors: Int) {
        left = loadVector(earlier) + left
        if vectors > 1 { right = loadVector(earlier + laneCount) + right }
    }

    @inline(always)
    mutating func rectify(vectors: Int) {
        left = rectified(left)
        if vectors > 1 { right = rectified(right) }
    }

    @inline(always)
    func store(_ target: UnsafeMutablePointer<Float>, vectors: Int) {
        storeVector(left, target)
        if vectors > 1 { storeVector(right, target + laneCount) }
    }
}

/// The sums of up to 14 rows of one or two vectors, kept in registers.
///
/// `rows` and `vectors` are literals at every call, so that after inlining each accumulator is one register and the
/// rows that are left out vanish. The rows are written out instead of looped over, because the optimizer does not
/// unroll a loop this long completely.
struct RegisterTile {
    private var row0 = TileRow()
    private var row1 = TileRow()
    private var row2 = TileRow()
    private var row3 = TileRow()
    private var row4 = TileRow()
    private var row5 = TileRow()
    private var row6 = TileRow()
    private var row7 = TileRow()
    private var row8 = TileRow()
    private var row9 = TileRow()
    private var row10 = TileRow()
    private var row11 = TileRow()
    private var row12 = TileRow()
    private var row13 = TileRow()

    /// The height of the next tile when `rows` rows are left.
    @inline(always)
    static func height(fitting rows: Int) -> Int {
        if rows >= tileRowCount { return tileRowCount }
        if registerCount == 32 && rows >= 8 { return 8 }
        if rows >= 4 { return 4 }
        if rows >= 2 { return 2 }
        return 1
    }

    /// A row; `index` is a literal, so that the choice vanishes from the machine code.
    @inline(always)
    subscript(unchecked index: Int) -> TileRow {
        get {
            switch index {
            case 0: row0
            case 1: row1
            case 2: row2
            case 3: row3
            case 4: row4
            case 5: row5
            case 6: row6
            case 7: row7
            case 8: row8
            case 9: row9
            case 10: row10
            case 11: row11
            case 12: row12
            default: row13
            }
        }
        set {
            switch index {
            case 0: row0 = newValue
            case 1: row1 = newValue
            case 2: row2 = newValue
            case 3: row3 = newValue
            case 4: row4 = newValue
            case 5: row5 = newValue
            case 6: row6 = newValue
            case 7: row7 = newValue
            case 8: row8 = newValue
            case 9: row9 = newValue
            case 10: row10 = newValue
            case 11: row11 = newValue
            case 12: row12 = newValue
            default: row13 = newValue
            }
        }
    }

    /// Adds `a[row · rowStride] · b` to every row.
    @inline(always)
    mutating func addProducts(rows: Int, vectors: Int, _ a: UnsafePointer<Float>, rowStride: Int, _ b: TileRow) {
        row0.addProduct(a[0], b, vectors: vectors)
        guard rows > 1 else { return }
        row1.addProduct(a[rowStride], b, vectors: vectors)
        guard rows > 2 else { return }
        row2.addProduct(a[2 &* rowStride], b, vectors: vectors)
        guard rows > 3 else { return }
        row3.addProduct(a[3 &* rowStride], b, vectors: vectors)
        guard rows > 4 else { return }
        row4.addProduct(a[4 &* rowStride], b, vectors: vectors)
        guard rows > 5 else { return }
        row5.addProduct(a[5 &* rowStride], b, vectors: vectors)
        guard rows > 6 else { return }
        row6.addProduct(a[6 &* rowStride], b, vectors: vectors)
        guard rows > 7 else { return }
        row7.addProduct(a[7 &* rowStride], b, vectors: vectors)
        guard rows > 8 else { return }
        row8.addProduct(a[8 &* rowStride], b, vectors: vectors)
        guard rows > 9 else { return }
        row9.addProduct(a[9 &* rowStride], b, vectors: vectors)
        guard rows > 10 else { return }
        row10.addProduct(a[10 &* rowStride], b, vectors: vectors)
        guard rows > 11 else { return }
        row11.addProduct(a[11 &* rowStride], b, vectors: vectors)
        guard rows > 12 else { return }
        row12.addProduct(a[12 &* rowStride], b, vectors: vectors)
        guard rows > 13 else { return }
        row13.addProduct(a[13 &* rowStride], b, vectors: vectors)
    }

    /// Adds `count` outer products `a[row] · b`, one after another; a and b advance by their strides. `beforeEach` may
    /// request memory that is needed later.
    @inline(always)
    mutating func addOuterProducts(
        rows: Int, vectors: Int, count: Int, _ a: UnsafePointer<Float>, stride aStride: Int, _ b: UnsafePointer<Float>,
        stride bStride: Int, beforeEach: () -> Void = {}
    ) {
        var a = a
        var b = b
        var remaining = count
        while remaining > 0 {
            beforeEach()
            addProducts(rows: rows, vectors: vectors, a, rowStride: 1, TileRow(b, vectors: vectors))
            a += aStride
            b += bStride
            remaining &-= 1
        }
    }

    /// Adds `a[row][offset] · b` to every row.
    @inline(always)
    mutating func addProducts(rows: Int, vectors: Int, _ a: TilePointers, offset: Int, _ b: TileRow) {
        row0.addProduct(a[unchecked: 0][offset], b, vectors: vectors)
        guard rows > 1 else { return }
        row1.addProduct(a[unchecked: 1][offset], b, vectors: vectors)
        guard rows > 2 else { return }
        row2.addProduct(a[unchecked: 2][offset], b, vectors: vectors)
        guard rows > 3 else { return }
        row3.addProduct(a[unchecked: 3][offset], b, vectors: vectors)
        guard rows > 4 else { return }
        row4.addProduct(a[unchecked: 4][offset], b, vectors: vectors)
        guard rows > 5 else { return }
        row5.addProduct(a[unchecked: 5][offset], b, vectors: vectors)
        guard rows > 6 else { return }
        row6.addProduct(a[unchecked: 6][offset], b, vectors: vectors)
        guard rows > 7 else { return }
        row7.addProduct(a[unchecked: 7][offset], b, vectors: vectors)
        guard rows > 8 else { return }
        row8.addProduct(a[unchecked: 8][offset], b, vectors: vectors)
        guard rows > 9 else { return }
        row9.addProduct(a[unchecked: 9][offset], b, vectors: vectors)
        guard rows > 10 else { return }
        row10.addProduct(a[unchecked: 10][offset], b, vectors: vectors)
        guard rows > 11 else { return }
        row11.addProduct(a[unchecked: 11][offset], b, vectors: vectors)
        guard rows > 12 else { return }
        row12.addProduct(a[unchecked: 12][offset], b, vectors: vectors)
        guard rows > 13 else { return }
        row13.addProduct(a[unchecked: 13][offset], b, vectors: vectors)
    }

    /// Loads rows that are `rowStride` apart; stride 0 starts every row from the same values.
    @inline(always)
    mutating func load(rows: Int, vectors: Int, _ source: UnsafePointer<Float>, rowStride: Int) {
        row0 = TileRow(source, vectors: vectors)
        guard rows > 1 else { return }
        row1 = TileRow(source + rowStride, vectors: vectors)
        guard rows > 2 else { return }
        row2 = TileRow(source + 2 &* rowStride, vectors: vectors)
        guard rows > 3 else { return }
        row3 = TileRow(source + 3 &* rowStride, vectors: vectors)
        guard rows > 4 else { return }
        row4 = TileRow(source + 4 &* rowStride, vectors: vectors)
        guard rows > 5 else { return }
        row5 = TileRow(source + 5 &* rowStride, vectors: vectors)
        guard rows > 6 else { return }
        row6 = TileRow(source + 6 &* rowStride, vectors: vectors)
        guard rows > 7 else { return }
        row7 = TileRow(source + 7 &* rowStride, vectors: vectors)
        guard rows > 8 else { return }
        row8 = TileRow(source + 8 &* rowStride, vectors: vectors)
        guard rows > 9 else { return }
        row9 = TileRow(source + 9 &* rowStride, vectors: vectors)
        guard rows > 10 else { return }
        row10 = TileRow(source + 10 &* rowStride, vectors: vectors)
        guard rows > 11 else { return }
        row11 = TileRow(source + 11 &* rowStride, vectors: vectors)
        guard rows > 12 else { return }
        row12 = TileRow(source + 12 &* rowStride, vectors: vectors)
        guard rows > 13 else { return }
        row13 = TileRow(source + 13 &* rowStride, vectors: vectors)
    }

    /// Adds earlier sums: `earlier + current`.
    @inline(always)
    mutating func add(rows: Int, vectors: Int, earlier: UnsafePointer<Float>, rowStride: Int) {
        row0.add(earlier: earlier, vectors: vectors)
        guard rows > 1 else { return }
        row1.add(earlier: earlier + rowStride, vectors: vectors)
        guard rows > 2 else { return }
        row2.add(earlier: earlier + 2 &* rowStride, vectors: vectors)
        guard rows > 3 else { return }
        row3.add(earlier: earlier + 3 &* rowStride, vectors: vectors)
        guard rows > 4 else { return }
        row4.add(earlier: earlier + 4 &* rowStride, vectors: vectors)
        guard rows > 5 else { return }
        row5.add(earlier: earlier + 5 &* rowStride, vectors: vectors)
        guard rows > 6 else { return }
        row6.add(earlier: earlier + 6 &* rowStride, vectors: vectors)
        guard rows > 7 else { return }
        row7.add(earlier: earlier + 7 &* rowStride, vectors: vectors)
        guard rows > 8 else { return }
        row8.add(earlier: earlier + 8 &* rowStride, vectors: vectors)
        guard rows > 9 else { return }
        row9.add(earlier: earlier + 9 &* rowStride, vectors: vectors)
        guard rows > 10 else { return }
        row10.add(earlier: earlier + 10 &* rowStride, vectors: vectors)
        guard rows > 11 else { return }
        row11.add(earlier: earlier + 11 &* rowStride, vectors: vectors)
        guard rows > 12 else { return }
        row12.add(earlier: earlier + 12 &* rowStride, vectors: vectors)
        guard rows > 13 else { return }
        row13.add(earlier: earlier + 13 &* rowStride, vectors: vectors)
    }

    /// Applies ReLU.
    @inline(always)
    mutating func rectify(rows: Int, vectors: Int) {
        row0.rectify(vectors: vectors)
        guard rows > 1 else { return }
        row1.rectify(vectors: vectors)
        guard rows > 2 else { return }
        row2.rectify(vectors: vectors)
        guard rows > 3 else { return }
        row3.rectify(vectors: vectors)
        guard rows > 4 else { return }
        row4.rectify(vectors: vectors)
        guard rows > 5 else { return }
        row5.rectify(vectors: vectors)
        guard rows > 6 else { return }
        row6.rectify(vectors: vectors)
        guard rows > 7 else { return }
        row7.rectify(vectors: vectors)
        guard rows > 8 else { return }
        row8.rectify(vectors: vectors)
        guard rows > 9 else { return }
        row9.rectify(vectors: vectors)
        guard rows > 10 else { return }
        row10.rectify(vectors: vectors)
        guard rows > 11 else { return }
        row11.rectify(vectors: vectors)
        guard rows > 12 else { return }
        row12.rectify(vectors: vectors)
        guard rows > 13 else { return }
        row13.rectify(vectors: vectors)
    }

    /// Stores rows that are `rowStride` apart.
    @inline(always)
    func store(rows: Int, vectors: Int, _ target: UnsafeMutablePointer<Float>, rowStride: Int) {
        row0.store(target, vectors: vectors)
        guard rows > 1 else { return }
        row1.store(target + rowStride, vectors: vectors)
        guard rows > 2 else { return }
        row2.store(target + 2 &* rowStride, vectors: vectors)
        guard rows > 3 else { return }
        row3.store(target + 3 &* rowStride, vectors: vectors)
        guard rows > 4 else { return }
        row4.store(target + 4 &* rowStride, vectors: vectors)
        guard rows > 5 else { return }
        row5.store(target + 5 &* rowStride, vectors: vectors)
        guard rows > 6 else { return }
        row6.store(target + 6 &* rowStride, vectors: vectors)
        guard rows > 7 else { return }
        row7.store(target + 7 &* rowStride, vectors: vectors)
        guard rows > 8 else { return }
        row8.store(target + 8 &* rowStride, vectors: vectors)
        guard rows > 9 else { return }
        row9.store(target + 9 &* rowStride, vectors: vectors)
        guard rows > 10 else { return }
        row10.store(target + 10 &* rowStride, vectors: vectors)
        guard rows > 11 else { return }
        row11.store(target + 11 &* rowStride, vectors: vectors)
        guard rows > 12 else { return }
        row12.store(target + 12 &* rowStride, vectors: vectors)
        guard rows > 13 else { return }
        row13.store(target + 13 &* rowStride, vectors: vectors)
    }
}

/// One input pointer for each row of a tile, each a separate property. Indices are literals where they matter.
struct TilePointers {
    private var pointer0: UnsafePointer<Float>
    private var pointer1: UnsafePointer<Float>
    private var pointer2: UnsafePointer<Float>
    private var pointer3: UnsafePointer<Float>
    private var pointer4: UnsafePointer<Float>
    private var pointer5: UnsafePointer<Float>
    private var pointer6: UnsafePointer<Float>
    private var pointer7: UnsafePointer<Float>
    private var pointer8: UnsafePointer<Float>
    private var pointer9: UnsafePointer<Float>
    private var pointer10: UnsafePointer<Float>
    private var pointer11: UnsafePointer<Float>
    private var pointer12: UnsafePointer<Float>
    private var pointer13: UnsafePointer<Float>

    @inline(always)
    init(repeating value: UnsafePointer<Float>) {
        pointer0 = value
        pointer1 = value
        pointer2 = value
        pointer3 = value
        pointer4 = value
        pointer5 = value
        pointer6 = value
        pointer7 = value
        pointer8 = value
        pointer9 = value
        pointer10 = value
        pointer11 = value
        pointer12 = value
        pointer13 = value
    }

    @inline(always)
    subscript(unchecked index: Int) -> UnsafePointer<Float> {
        get {
            switch index {
            case 0: pointer0
            case 1: pointer1
            case 2: pointer2
            case 3: pointer3
            case 4: pointer4
            case 5: pointer5
            case 6: pointer6
            case 7: pointer7
            case 8: pointer8
            case 9: pointer9
            case 10: pointer10
            case 11: pointer11
            case 12: pointer12
            default: pointer13
            }
        }
        set {
            switch index {
            case 0: pointer0 = newValue
            case 1: pointer1 = newValue
            case 2: pointer2 = newValue
            case 3: pointer3 = newValue
            case 4: pointer4 = newValue
            case 5: pointer5 = newValue
            case 6: pointer6 = newValue
            case 7: pointer7 = newValue
            case 8: pointer8 = newValue
            case 9: pointer9 = newValue
            case 10: pointer10 = newValue
            case 11: pointer11 = newValue
            case 12: pointer12 = newValue
            default: pointer13 = newValue
            }
        }
    }
}
