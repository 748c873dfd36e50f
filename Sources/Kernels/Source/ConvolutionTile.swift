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

/// The accumulators of a tile, each a property of its own so that each can live in a register; vector `v` of row `r` is element
/// `2 · r + v`. Indices are literals at every use, so that the choice vanishes from the machine code.
struct TileAccumulators {
    private var vector0: Vector
    private var vector1: Vector
    private var vector2: Vector
    private var vector3: Vector
    private var vector4: Vector
    private var vector5: Vector
    private var vector6: Vector
    private var vector7: Vector
    private var vector8: Vector
    private var vector9: Vector
    private var vector10: Vector
    private var vector11: Vector
    private var vector12: Vector
    private var vector13: Vector
    private var vector14: Vector
    private var vector15: Vector
    private var vector16: Vector
    private var vector17: Vector
    private var vector18: Vector
    private var vector19: Vector
    private var vector20: Vector
    private var vector21: Vector
    private var vector22: Vector
    private var vector23: Vector
    private var vector24: Vector
    private var vector25: Vector
    private var vector26: Vector
    private var vector27: Vector

    @inline(__always)
    init(repeating value: Vector) {
        vector0 = value
        vector1 = value
        vector2 = value
        vector3 = value
        vector4 = value
        vector5 = value
        vector6 = value
        vector7 = value
        vector8 = value
        vector9 = value
        vector10 = value
        vector11 = value
        vector12 = value
        vector13 = value
        vector14 = value
        vector15 = value
        vector16 = value
        vector17 = value
        vector18 = value
        vector19 = value
        vector20 = value
        vector21 = value
        vector22 = value
        vector23 = value
        vector24 = value
        vector25 = value
        vector26 = value
        vector27 = value
    }

    @inline(__always)
    subscript(unchecked index: Int) -> Vector {
        get {
            switch index {
            case 0: vector0
            case 1: vector1
            case 2: vector2
            case 3: vector3
            case 4: vector4
            case 5: vector5
            case 6: vector6
            case 7: vector7
            case 8: vector8
            case 9: vector9
            case 10: vector10
            case 11: vector11
            case 12: vector12
            case 13: vector13
            case 14: vector14
            case 15: vector15
            case 16: vector16
            case 17: vector17
            case 18: vector18
            case 19: vector19
            case 20: vector20
            case 21: vector21
            case 22: vector22
            case 23: vector23
            case 24: vector24
            case 25: vector25
            case 26: vector26
            default: vector27
            }
        }
        set {
            switch index {
            case 0: vector0 = newValue
            case 1: vector1 = newValue
            case 2: vector2 = newValue
            case 3: vector3 = newValue
            case 4: vector4 = newValue
            case 5: vector5 = newValue
            case 6: vector6 = newValue
            case 7: vector7 = newValue
            case 8: vector8 = newValue
            case 9: vector9 = newValue
            case 10: vector10 = newValue
            case 11: vector11 = newValue
            case 12: vector12 = newValue
            case 13: vector13 = newValue
            case 14: vector14 = newValue
            case 15: vector15 = newValue
            case 16: vector16 = newValue
            case 17: vector17 = newValue
            case 18: vector18 = newValue
            case 19: vector19 = newValue
            case 20: vector20 = newValue
            case 21: vector21 = newValue
            case 22: vector22 = newValue
            case 23: vector23 = newValue
            case 24: vector24 = newValue
            case 25: vector25 = newValue
            case 26: vector26 = newValue
            default: vector27 = newValue
            }
        }
    }
}

/// One input pointer for each row of a tile, each a property of its own. Indices are literals where they matter.
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

    @inline(__always)
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

    @inline(__always)
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
