// The register tile of the convolution kernels: up to 14 rows of 1 or 2 vectors.
//
// Row and vector counts are literals at every call, so that after inlining each accumulator is one register. The rows
// are written out instead of looped over because the optimiser does not unroll a loop this long completely.

/// Rows of a full tile: 14 × 2 accumulators and two vectors of weights fit 32 registers, 6 × 2 fit 16.
@inline(always)
var tileRowCount: Int { laneCount == 16 ? 14 : 6 }

/// Adds `x · (w0, w1)` to one row.
@inline(always)
func accumulateRow(
    _ row: Int, _ rowCount: Int, _ vectorCount: Int, _ accumulators: inout TileAccumulators,
    _ x: UnsafePointer<Float>, _ w0: Vector, _ w1: Vector
) {
    guard row < rowCount else { return }
    let value = broadcast(x.pointee)
    accumulators[unchecked: 2 &* row] = accumulators[unchecked: 2 &* row].addingProduct(value, w0)
    guard vectorCount == 2 else { return }
    accumulators[unchecked: 2 &* row &+ 1] = accumulators[unchecked: 2 &* row &+ 1].addingProduct(value, w1)
}

/// Adds `pointers[row][offset] · (w0, w1)` to every row.
@inline(always)
func accumulateTile(
    _ rowCount: Int, _ vectorCount: Int, _ accumulators: inout TileAccumulators, _ pointers: TilePointers,
    _ offset: Int, _ w0: Vector, _ w1: Vector
) {
    accumulateRow(0, rowCount, vectorCount, &accumulators, pointers[unchecked: 0] + offset, w0, w1)
    accumulateRow(1, rowCount, vectorCount, &accumulators, pointers[unchecked: 1] + offset, w0, w1)
    accumulateRow(2, rowCount, vectorCount, &accumulators, pointers[unchecked: 2] + offset, w0, w1)
    accumulateRow(3, rowCount, vectorCount, &accumulators, pointers[unchecked: 3] + offset, w0, w1)
    accumulateRow(4, rowCount, vectorCount, &accumulators, pointers[unchecked: 4] + offset, w0, w1)
    accumulateRow(5, rowCount, vectorCount, &accumulators, pointers[unchecked: 5] + offset, w0, w1)
    accumulateRow(6, rowCount, vectorCount, &accumulators, pointers[unchecked: 6] + offset, w0, w1)
    accumulateRow(7, rowCount, vectorCount, &accumulators, pointers[unchecked: 7] + offset, w0, w1)
    accumulateRow(8, rowCount, vectorCount, &accumulators, pointers[unchecked: 8] + offset, w0, w1)
    accumulateRow(9, rowCount, vectorCount, &accumulators, pointers[unchecked: 9] + offset, w0, w1)
    accumulateRow(10, rowCount, vectorCount, &accumulators, pointers[unchecked: 10] + offset, w0, w1)
    accumulateRow(11, rowCount, vectorCount, &accumulators, pointers[unchecked: 11] + offset, w0, w1)
    accumulateRow(12, rowCount, vectorCount, &accumulators, pointers[unchecked: 12] + offset, w0, w1)
    accumulateRow(13, rowCount, vectorCount, &accumulators, pointers[unchecked: 13] + offset, w0, w1)
}

/// Loads or stores one row of accumulators at `memory + row · stride`.
@inline(always)
func storeRow(
    _ row: Int, _ rowCount: Int, _ vectorCount: Int, _ accumulators: TileAccumulators,
    _ memory: UnsafeMutablePointer<Float>, _ stride: Int
) {
    guard row < rowCount else { return }
    storeVector(accumulators[unchecked: 2 &* row], memory + row &* stride)
    guard vectorCount == 2 else { return }
    storeVector(accumulators[unchecked: 2 &* row &+ 1], memory + (row &* stride &+ laneCount))
}

/// Stores all rows, `stride` floats apart.
@inline(always)
func storeTile(
    _ rowCount: Int, _ vectorCount: Int, _ accumulators: TileAccumulators,
    _ memory: UnsafeMutablePointer<Float>, _ stride: Int
) {
    storeRow(0, rowCount, vectorCount, accumulators, memory, stride)
    storeRow(1, rowCount, vectorCount, accumulators, memory, stride)
    storeRow(2, rowCount, vectorCount, accumulators, memory, stride)
    storeRow(3, rowCount, vectorCount, accumulators, memory, stride)
    storeRow(4, rowCount, vectorCount, accumulators, memory, stride)
    storeRow(5, rowCount, vectorCount, accumulators, memory, stride)
    storeRow(6, rowCount, vectorCount, accumulators, memory, stride)
    storeRow(7, rowCount, vectorCount, accumulators, memory, stride)
    storeRow(8, rowCount, vectorCount, accumulators, memory, stride)
    storeRow(9, rowCount, vectorCount, accumulators, memory, stride)
    storeRow(10, rowCount, vectorCount, accumulators, memory, stride)
    storeRow(11, rowCount, vectorCount, accumulators, memory, stride)
    storeRow(12, rowCount, vectorCount, accumulators, memory, stride)
    storeRow(13, rowCount, vectorCount, accumulators, memory, stride)
}

/// Loads one row of accumulators from `memory + row · stride`.
@inline(always)
func loadRow(
    _ row: Int, _ rowCount: Int, _ vectorCount: Int, _ accumulators: inout TileAccumulators,
    _ memory: UnsafePointer<Float>, _ stride: Int
) {
    guard row < rowCount else { return }
    accumulators[unchecked: 2 &* row] = loadVector(memory + row &* stride)
    guard vectorCount == 2 else { return }
    accumulators[unchecked: 2 &* row &+ 1] = loadVector(memory + (row &* stride &+ laneCount))
}

/// Loads all rows, `stride` floats apart; stride 0 starts every row from the same values.
@inline(always)
func loadTile(
    _ rowCount: Int, _ vectorCount: Int, _ accumulators: inout TileAccumulators,
    _ memory: UnsafePointer<Float>, _ stride: Int
) {
    loadRow(0, rowCount, vectorCount, &accumulators, memory, stride)
    loadRow(1, rowCount, vectorCount, &accumulators, memory, stride)
    loadRow(2, rowCount, vectorCount, &accumulators, memory, stride)
    loadRow(3, rowCount, vectorCount, &accumulators, memory, stride)
    loadRow(4, rowCount, vectorCount, &accumulators, memory, stride)
    loadRow(5, rowCount, vectorCount, &accumulators, memory, stride)
    loadRow(6, rowCount, vectorCount, &accumulators, memory, stride)
    loadRow(7, rowCount, vectorCount, &accumulators, memory, stride)
    loadRow(8, rowCount, vectorCount, &accumulators, memory, stride)
    loadRow(9, rowCount, vectorCount, &accumulators, memory, stride)
    loadRow(10, rowCount, vectorCount, &accumulators, memory, stride)
    loadRow(11, rowCount, vectorCount, &accumulators, memory, stride)
    loadRow(12, rowCount, vectorCount, &accumulators, memory, stride)
    loadRow(13, rowCount, vectorCount, &accumulators, memory, stride)
}

/// Applies ReLU to one row.
@inline(always)
func rectifyRow(_ row: Int, _ rowCount: Int, _ vectorCount: Int, _ accumulators: inout TileAccumulators) {
    guard row < rowCount else { return }
    accumulators[unchecked: 2 &* row] = rectified(accumulators[unchecked: 2 &* row])
    guard vectorCount == 2 else { return }
    accumulators[unchecked: 2 &* row &+ 1] = rectified(accumulators[unchecked: 2 &* row &+ 1])
}

/// Applies ReLU to all rows.
@inline(always)
func rectifyTile(_ rowCount: Int, _ vectorCount: Int, _ accumulators: inout TileAccumulators) {
    rectifyRow(0, rowCount, vectorCount, &accumulators)
    rectifyRow(1, rowCount, vectorCount, &accumulators)
    rectifyRow(2, rowCount, vectorCount, &accumulators)
    rectifyRow(3, rowCount, vectorCount, &accumulators)
    rectifyRow(4, rowCount, vectorCount, &accumulators)
    rectifyRow(5, rowCount, vectorCount, &accumulators)
    rectifyRow(6, rowCount, vectorCount, &accumulators)
    rectifyRow(7, rowCount, vectorCount, &accumulators)
    rectifyRow(8, rowCount, vectorCount, &accumulators)
    rectifyRow(9, rowCount, vectorCount, &accumulators)
    rectifyRow(10, rowCount, vectorCount, &accumulators)
    rectifyRow(11, rowCount, vectorCount, &accumulators)
    rectifyRow(12, rowCount, vectorCount, &accumulators)
    rectifyRow(13, rowCount, vectorCount, &accumulators)
}
