public import KernelInterface

/// `KernelTable.gradientProduct`.
///
/// Panels of two vectors of columns, then tiles of rows; each tile runs the whole program, so that micro-batches are added in
/// registers and the gradient is written once.
public func gradientProduct(_ arguments: GradientProductArguments, _ scratch: UnsafeMutableRawPointer) {
    let stack = scratch.assumingMemoryBound(to: Float.self)
    let panelMemory = stack + (SummationProgram.maximumStackDepth &+ 1) &* GradientTile.slotCount
    let samples = sampleRange(of: arguments.program)
    var column = 0
    while column < arguments.columnCount {
        let columns = lesser(arguments.columnCount &- column, Panel.width)
        let vectors = Panel.vectors(for: columns)
        let panel = GradientPanel(arguments, samples: samples, column: column, columns: columns, panelMemory)
        var tile = GradientTile(
            x: arguments.x + arguments.rowBegin, xRowStride: arguments.xRowStride, panel: panel,
            program: arguments.program,
            gradient: arguments.gradient + (arguments.rowBegin &* arguments.columnCount &+ column),
            rowStride: arguments.columnCount, rootStride: arguments.rootStride, stack: stack)
        var row = arguments.rowBegin
        while row < arguments.rowEnd {
            let rows = RegisterTile.height(fitting: arguments.rowEnd &- row)
            TileFunctions.gradient(tile, rows: rows, vectors: vectors)
            tile.x += rows
            tile.gradient += rows &* tile.rowStride
            row &+= rows
        }
        column &+= columns
    }
}

/// The samples from the first to the last that a program names.
@inline(always)
func sampleRange(of program: SummationProgram) -> Range<Int> {
    var begin = Int32.max
    var end = Int32(0)
    var index = 0
    while index < program.stepCount {
        begin = min(begin, program.steps[index].sampleBegin)
        end = max(end, program.steps[index].sampleEnd)
        index &+= 1
    }
    return Int(min(begin, end))..<Int(end)
}

/// A panel of the output gradient: in place, or packed into scratch as a whole, or, if there are too many samples for that,
/// packed piece by piece each time it is read.
struct GradientPanel {
    /// Samples that fit into the packed panel.
    @inline(always)
    static var capacity: Int { 8192 }

    enum Form {
        case inPlace
        case packed
        case pieces
    }

    var form: Form
    var columns: Int
    /// The panel's first column in sample 0.
    var source: UnsafePointer<Float>
    var sourceRowStride: Int
    var scratch: UnsafeMutablePointer<Float>
    /// The first sample in `scratch` when all are packed.
    var firstSample: Int
    /// Floats from sample to sample where `samples(from:count:)` points.
    var rowStride: Int

    @inline(always)
    init(
        _ arguments: GradientProductArguments, samples: Range<Int>, column: Int, columns: Int,
        _ scratch: UnsafeMutablePointer<Float>
    ) {
        let width = Panel.vectors(for: columns) &* laneCount
        self.columns = columns
        source = arguments.outputGradient + column
        sourceRowStride = arguments.outputGradientRowStride
        self.scratch = scratch
        firstSample = samples.lowerBound
        let count = samples.upperBound &- samples.lowerBound
        if columns == width && (sourceRowStride == width || count > Self.capacity) {
            form = .inPlace
            rowStride = sourceRowStride
            return
        }
        rowStride = width
        form = count > Self.capacity ? .pieces : .packed
        if form == .packed {
            packPanel(
                rows: count, columns: columns, source + firstSample &* sourceRowStride, rowStride: sourceRowStride,
                scratch)
        }
    }

    /// Where samples `begin ..< begin + count` are.
    @inline(always)
    func samples(from begin: Int, count: Int) -> UnsafePointer<Float> {
        switch form {
        case .inPlace: return source + begin &* sourceRowStride
        case .packed: return UnsafePointer(scratch) + (begin &- firstSample) &* rowStride
        case .pieces:
            packPanel(
                rows: count, columns: columns, source + begin &* sourceRowStride, rowStride: sourceRowStride, scratch)
            return UnsafePointer(scratch)
        }
    }
}

/// One register tile of a weight gradient: runs the whole summation program for its rows and columns.
///
/// Whole vectors of the output gradient are read, so a panel with fewer columns is padded.
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
    @inline(always)
    static var slotCount: Int { 16 &* Panel.width }

    /// Computes the tile; `rows` and `vectors` are literals.
    @inline(always)
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
    @inline(always)
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
