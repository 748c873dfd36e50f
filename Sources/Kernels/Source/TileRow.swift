/// One row of a register tile: one or two vectors of neighbouring columns.
///
/// `vectors` is a literal at every call; with 1 the right vector vanishes from the machine code.
struct TileRow {
    var left = Vector.zero
    var right = Vector.zero

    @inline(__always)
    init() {}

    @inline(__always)
    init(_ source: UnsafePointer<Float>, vectors: Int) {
        left = loadVector(source)
        if vectors > 1 { right = loadVector(source + laneCount) }
    }

    @inline(__always)
    mutating func addProduct(_ factor: Float, _ b: TileRow, vectors: Int) {
        let factors = broadcast(factor)
        left = left.addingProduct(factors, b.left)
        if vectors > 1 { right = right.addingProduct(factors, b.right) }
    }

    @inline(__always)
    mutating func add(earlier: UnsafePointer<Float>, vectors: Int) {
        left = loadVector(earlier) + left
        if vectors > 1 { right = loadVector(earlier + laneCount) + right }
    }

    @inline(__always)
    func store(_ target: UnsafeMutablePointer<Float>, vectors: Int, rectifies: Bool) {
        storeVector(rectifies ? rectified(left) : left, target)
        if vectors > 1 { storeVector(rectifies ? rectified(right) : right, target + laneCount) }
    }
}
