internal import CPlatform
public import KernelInterface

/// `KernelTable.gradientProduct`.
///
/// Blocks of rows, then panels of two vectors of columns, then tiles of rows; each tile runs the whole program, so that
/// micro-batches are added in registers and the gradient is written once.
public func gradientProduct(_ arguments: GradientProductArguments, _ scratch: UnsafeMutableRawPointer) {
    let stack = scratch.assumingMemoryBound(to: Float.self)
    let panelMemory = stack + (SummationProgram.maximumStackDepth &+ 1) &* GradientTile.slotCount
    let samples = sampleRange(of: arguments.program)
    var rows = GradientRows(
        arguments, samples: samples, panelMemory + GradientPanel.capacity &* Panel.width)
    while rows.begin < arguments.rowEnd {
        rows.pack(arguments, samples)
        var column = 0
        while column < arguments.columnCount {
            let columns = lesser(arguments.columnCount &- column, Panel.width)
            let panel = GradientPanel(arguments, samples: samples, column: column, columns: columns, panelMemory)
            let gradient = arguments.gradient + (rows.begin &* arguments.columnCount &+ column)
            let tile = GradientTile(
                x: rows.first, xRowStride: rows.sampleStride, following: rows.following,
                followingRowStride: arguments.xRowStride, panel: panel, program: arguments.program,
                gradient: gradient, rowStride: arguments.columnCount, rootStride: arguments.rootStride, stack: stack)
            rows.compute(tile)
            column &+= columns
        }
        rows.begin &+= rows.count
    }
}

/// A block of rows of a weight gradient: some columns of x, copied tile by tile where all samples fit into scratch.
///
/// In place, consecutive samples of a tile lie a whole row of x apart: each takes a cache line and often a page of its
/// own.
struct GradientRows {
    /// The block's first row.
    var begin: Int
    private(set) var count = 0
    /// Where the first tile's values of sample 0 are.
    private(set) var first: UnsafePointer<Float>
    /// The next block's first value in sample 0; where x is read in place, this block's.
    private(set) var following: UnsafePointer<Float>
    /// Floats from sample to sample of a tile.
    private(set) var sampleStride: Int
    /// Floats from tile to tile.
    private var tileStride: Int
    private let end: Int
    private let largestCount: Int
    /// Nil where x is read in place.
    private let memory: UnsafeMutablePointer<Float>?

    /// Floats of a packed block: 256 KiB, half of a small second-level cache.
    @inline(always)
    private static var capacity: Int { 65_536 }

    /// Rows of x that are closer together than 1 KiB are as fast in place.
    @inline(always)
    private static var smallestFarStride: Int { 256 }

    /// Floats that a sample takes in a packed tile.
    @inline(always)
    private static var packedStride: Int { registerCount == 32 ? 16 : 8 }

    @inline(always)
    init(_ arguments: GradientProductArguments, samples: Range<Int>, _ memory: UnsafeMutablePointer<Float>) {
        following = arguments.x
        begin = arguments.rowBegin
        end = arguments.rowEnd
        let sampleCount = samples.upperBound &- samples.lowerBound
        let tileCount = lesser(32, Self.capacity / ((sampleCount &+ 1) &* Self.packedStride))
        if tileCount == 0 || arguments.xRowStride < Self.smallestFarStride {
            self.memory = nil
            largestCount = end &- begin
            first = arguments.x
            sampleStride = arguments.xRowStride
            tileStride = 0
        } else {
            self.memory = memory
            largestCount = tileCount &* tileRowCount
            first = UnsafePointer(memory)
            sampleStride = Self.packedStride
            tileStride = (sampleCount &+ 1) &* Self.packedStride
        }
    }

    /// Prepares the block that starts at `begin`.
    @inline(always)
    mutating func pack(_ arguments: GradientProductArguments, _ samples: Range<Int>) {
        count = lesser(end &- begin, largestCount)
        guard let memory else {
            first = arguments.x + begin
            following = first
            return
        }
        following = arguments.x + (begin &+ count)
        first = UnsafePointer(memory) - samples.lowerBound &* sampleStride
        var source = arguments.x + (samples.lowerBound &* arguments.xRowStride &+ begin)
        var target = memory
        var sample = samples.lowerBound
        while sample < samples.upperBound {
            prefetch(source + Self.prefetchDistance &* arguments.xRowStride)
            packSample(source, target)
            source += arguments.xRowStride
            target += sampleStride
            sample &+= 1
        }
    }

    /// Samples that the memory needs to answer a request, roughly.
    @inline(always)
    private static var prefetchDistance: Int { 16 }

    /// Requests the block's cache lines of one sample. The next rows of x lie far away, where the processor expects
    /// nothing.
    @inline(always)
    private func prefetch(_ source: UnsafePointer<Float>) {
        var row = 0
        while row < count {
            selvedge_prefetch(source + row)
            row &+= 16
        }
    }

    /// Copies one sample's values into all tiles of the block. Whole vectors are read only inside the block.
    @inline(always)
    private func packSample(_ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>) {
        var target = target
        var row = 0
        while row &+ laneCount <= count {
            storeVector(loadVector(source + row), target)
            if tileRowCount > laneCount {
                copyRow(
                    columns: lesser(tileRowCount &- laneCount, count &- row &- laneCount), source + (row &+ laneCount),
                    target + laneCount)
            }
            target += tileStride
            row &+= tileRowCount
        }
        while row < count {
            copyRow(columns: lesser(tileRowCount, count &- row), source + row, target)
            target += tileStride
            row &+= tileRowCount
        }
    }

    /// Computes the tiles of one panel of columns; `first` is the block's first tile.
    @inline(always)
    func compute(_ first: GradientTile) {
        var tile = first
        var row = 0
        while row < count {
            let rows = RegisterTile.height(fitting: count &- row)
            let start = memory == nil ? row : row / tileRowCount &* tileStride &+ row % tileRowCount
            tile.x = first.x + start
            tile.following = first.following + row
            TileFunctions.gradient(tile, rows: rows, vectors: Panel.vectors(for: tile.panel.columns))
            tile.gradient += rows &* tile.rowStride
            row &+= rows
        }
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

/// A panel of the output gradient: in place, or packed into scratch as a whole, or, if there are too many samples for
/// that, packed piece by piece each time it is read.
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
    /// The same place of the next block of rows in sample 0. Its lines are requested while this tile is computed, so
    /// that packing finds them in the second-level cache.
    var following: UnsafePointer<Float>
    var followingRowStride: Int
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
        var following = following + begin &* followingRowStride
        tile.addOuterProducts(
            rows: rows, vectors: vectors, count: count, x + begin &* xRowStride, stride: xRowStride,
            panel.samples(from: begin, count: count), stride: panel.rowStride
        ) {
            selvedge_prefetch(following)
            following += followingRowStride
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
