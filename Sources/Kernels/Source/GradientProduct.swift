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
