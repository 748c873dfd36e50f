import KernelInterface

/// One register tile of a weight gradient: runs the whole summation program for its rows and columns.
///
/// Whole vectors of the output gradient are read, so a panel with fewer columns comes padded.
struct GradientTile {
    /// The tile's first row in sample 0.
    var x: UnsafePointer<Float>
    var xRowStride: Int
    /// The panel of the output gradient.
    var panel: GradientPanel
    var program: SummationProgram
    /// The tile's first element in root 0, `rowStride` apart from row to row.
    var gradient: UnsafeMutablePointer<Float>
    var rowStride: Int
    var rootStride: Int
    /// `SummationProgram.maximumStackDepth` tiles for the sums that wait for a merge, and one more for padded results.
    var stack: UnsafeMutablePointer<Float>

    /// Floats of one tile on the stack.
    @inline(__always)
    static var slotCount: Int { 16 &* Panel.width }

    /// Computes the tile; `rows` and `vectors` are literals.
    @inline(__always)
    func compute(rows: Int, vectors: Int) {
        let slotStride = Self.slotCount
        let width = vectors &* laneCount
        var top = stack
        var index = 0
        while index < program.stepCount {
            let step = program.steps[index]
            var tile = RegisterTile()
            if panel.form == .pieces {
                sumPieces(Int(step.sampleBegin), Int(step.sampleEnd), top, rows: rows, vectors: vectors)
                tile.load(rows: rows, vectors: vectors, UnsafePointer(top), rowStride: width)
            } else {
                let count = Int(step.sampleEnd &- step.sampleBegin)
                sum(Int(step.sampleBegin), count, &tile, rows: rows, vectors: vectors)
            }
            var merges = step.mergeCount
            while merges > 0 {
                top -= slotStride
                tile.add(rows: rows, vectors: vectors, earlier: UnsafePointer(top), rowStride: width)
                merges &-= 1
            }
            if step.rootIndex < 0 {
                tile.store(rows: rows, vectors: vectors, top, rowStride: width)
                top += slotStride
            } else {
                let root = gradient + Int(step.rootIndex) &* rootStride
                if panel.columns == width {
                    tile.store(rows: rows, vectors: vectors, root, rowStride: rowStride)
                } else {
                    tile.store(rows: rows, vectors: vectors, top, rowStride: width)
                    copyRows(
                        rows: rows, columns: panel.columns, UnsafePointer(top), rowStride: width, root,
                        rowStride: rowStride)
                }
            }
            index &+= 1
        }
    }

    /// Adds the products of `count` samples, one sample after another.
    @inline(__always)
    private func sum(_ begin: Int, _ count: Int, _ tile: inout RegisterTile, rows: Int, vectors: Int) {
        var b = panel.samples(from: begin, count: count)
        var a = x + begin &* xRowStride
        var remaining = count
        while remaining > 0 {
            tile.addProducts(rows: rows, vectors: vectors, a, rowStride: 1, TileRow(b, vectors: vectors))
            a += xRowStride
            b += panel.rowStride
            remaining &-= 1
        }
    }

    /// Sums samples `begin ..< end` piece by piece into `slot`; each piece starts from what the one before left there.
    @inline(never)
    private func sumPieces(
        _ begin: Int, _ end: Int, _ slot: UnsafeMutablePointer<Float>, rows: Int, vectors: Int
    ) {
        let width = vectors &* laneCount
        var sample = begin
        while sample < end {
            let count = lesser(end &- sample, GradientPanel.capacity)
            var tile = RegisterTile()
            if sample > begin { tile.load(rows: rows, vectors: vectors, UnsafePointer(slot), rowStride: width) }
            sum(sample, count, &tile, rows: rows, vectors: vectors)
            tile.store(rows: rows, vectors: vectors, slot, rowStride: width)
            sample &+= count
        }
    }
}
