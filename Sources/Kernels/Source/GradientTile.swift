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
            sum(Int(step.sampleBegin), Int(step.sampleEnd), &tile, rows: rows, vectors: vectors)
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
                    Panel.copy(
                        rows: rows, columns: panel.columns, UnsafePointer(top), rowStride: width, root,
                        rowStride: rowStride)
                }
            }
            index &+= 1
        }
    }

    /// Adds the products of samples `begin ..< end`, one sample after another.
    @inline(__always)
    private func sum(_ begin: Int, _ end: Int, _ tile: inout RegisterTile, rows: Int, vectors: Int) {
        var sample = begin
        while sample < end {
            let count = panel.availableCount(from: sample, to: end)
            var b = panel.samples(from: sample, count: count)
            var a = x + sample &* xRowStride
            let stop = sample &+ count
            while sample < stop {
                tile.addProducts(rows: rows, vectors: vectors, a, rowStride: 1, TileRow(b, vectors: vectors))
                a += xRowStride
                b += panel.rowStride
                sample &+= 1
            }
        }
    }
}
