public import KernelInterface

/// `KernelTable.gradientProduct`.
///
/// Panels of two vectors of columns, then tiles of rows; each tile runs the whole program, so that micro-batches are added in
/// registers and the gradient is written once.
public func gradientProduct(_ arguments: GradientProductArguments, _ scratch: UnsafeMutableRawPointer) {
    let stack = scratch.assumingMemoryBound(to: Float.self)
    let panelMemory = stack + (SummationProgram.maximumStackDepth &+ 1) &* GradientTile.slotCount
    let block = panelMemory + GradientPanel.capacity &* Panel.width
    let samples = sampleRange(of: arguments.program)
    let packsRows = samples.upperBound &- samples.lowerBound <= RowBlock.capacity
    var column = 0
    while column < arguments.columnCount {
        let columns = min(arguments.columnCount &- column, Panel.width)
        let vectors = Panel.vectors(for: columns)
        let panel = GradientPanel(arguments, samples: samples, column: column, columns: columns, panelMemory)
        var tile = GradientTile(
            x: arguments.x + arguments.rowBegin, xRowStride: arguments.xRowStride, panel: panel,
            program: arguments.program,
            gradient: arguments.gradient + (arguments.rowBegin &* arguments.columnCount &+ column),
            rowStride: arguments.columnCount, rootStride: arguments.rootStride, stack: stack)
        var row = arguments.rowBegin
        while row < arguments.rowEnd {
            let rows = min(arguments.rowEnd &- row, RowBlock.rowCount)
            if packsRows {
                Panel.copy(
                    rows: samples.upperBound &- samples.lowerBound, columns: rows, arguments.x + (samples.lowerBound &* arguments.xRowStride &+ row),
                    rowStride: arguments.xRowStride, block, rowStride: RowBlock.rowCount)
                tile.x = UnsafePointer(block) - samples.lowerBound &* RowBlock.rowCount
                tile.xRowStride = RowBlock.rowCount
            } else {
                tile.x = arguments.x + row
            }
            runTiles(&tile, rowCount: rows, vectors: vectors)
            row &+= rows
        }
        column &+= columns
    }
}

/// Rows of the gradient whose x is copied together, so that samples are close to each other: they may lie pages apart.
private enum RowBlock {
    /// Eight tiles.
    @inline(__always)
    static var rowCount: Int { 8 &* RegisterTile.height(fitting: .max) }

    /// Samples that fit.
    @inline(__always)
    static var capacity: Int { 4096 }
}

@inline(__always)
private func runTiles(_ tile: inout GradientTile, rowCount: Int, vectors: Int) {
    var row = 0
    while row < rowCount {
        let rows = RegisterTile.height(fitting: rowCount &- row)
        TileFunctions.gradient(tile, rows: rows, vectors: vectors)
        tile.x += rows
        tile.gradient += rows &* tile.rowStride
        row &+= rows
    }
}

/// The samples from the first to the last that a program names.
@inline(__always)
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
