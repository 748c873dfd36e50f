internal import KernelInterface

/// Weight rows of the special case with one input channel and a 3×3 kernel.
@inline(always)
var patchRowCount: Int { 9 }

/// Adds a block of samples to the whole gradient of a 3×3 kernel over one input channel, and to its bias.
///
/// All nine inputs that a lane needs lie in the 4×4 patch under the pooling window. The choice of the window's row is
/// made once for each column of the patch and shared by the three weights that meet it: 21 selections instead of 27,
/// and 16 loads instead of 36.
@inline(always)
func accumulatePatch(
    _ source: PooledSource, _ part: GradientPart, _ sums: UnsafeMutablePointer<Float>, _ sampleBegin: Int,
    _ sampleEnd: Int
) {
    let shape = source.shape
    let positions = shape.pooledHeight &* shape.pooledWidth
    guard positions > 0 else { return }
    // The bias row comes first in a slot, the nine weight rows follow.
    var accumulators = TileAccumulators(repeating: Vector.zero)
    loadTile(patchRowCount &+ 1, 1, &accumulators, sums, part.width)
    var cursor = ConvolutionCursor(shape, source.input + sampleBegin &* shape.inputCount, step: 2)
    var position = sampleBegin &* positions
    while position < sampleEnd &* positions {
        let flow = PooledFlow(source, position &* shape.outputChannels, isWhole: true)
        accumulators[unchecked: 0] += flow.gradient
        accumulatePatchRow(0, &accumulators, cursor.pointer, shape.inputWidth, flow)
        accumulatePatchRow(1, &accumulators, cursor.pointer + shape.inputWidth, shape.inputWidth, flow)
        accumulatePatchRow(2, &accumulators, cursor.pointer + 2 &* shape.inputWidth, shape.inputWidth, flow)
        cursor.advance()
        position &+= 1
    }
    storeTile(patchRowCount &+ 1, 1, accumulators, sums, part.width)
}

/// Adds one pooled position to the three weights of a kernel row.
@inline(always)
private func accumulatePatchRow(
    _ kernelRow: Int, _ accumulators: inout TileAccumulators, _ upper: UnsafePointer<Float>, _ stride: Int,
    _ flow: PooledFlow
) {
    let lower = upper + stride
    let first = 2 &* (1 &+ 3 &* kernelRow)
    let column0 = flow.selectedRow(upper[0], lower[0])
    let column1 = flow.selectedRow(upper[1], lower[1])
    let column2 = flow.selectedRow(upper[2], lower[2])
    let column3 = flow.selectedRow(upper[3], lower[3])
    let input0 = flow.selectedColumn(column0, column1)
    let input1 = flow.selectedColumn(column1, column2)
    let input2 = flow.selectedColumn(column2, column3)
    accumulators[unchecked: first] = accumulators[unchecked: first].addingProduct(input0, flow.gradient)
    accumulators[unchecked: first &+ 2] = accumulators[unchecked: first &+ 2].addingProduct(input1, flow.gradient)
    accumulators[unchecked: first &+ 4] = accumulators[unchecked: first &+ 4].addingProduct(input2, flow.gradient)
}
