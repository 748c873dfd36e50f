internal import KernelInterface

/// Rows and vectors of a tile of the pooled gradient: besides accumulators, the registers hold the four inputs that a lane chooses from.
@inline(always)
var pooledTileRowCount: Int { laneCount == 16 ? 10 : 8 }

@inline(always)
var pooledTileVectorCount: Int { laneCount == 16 ? 2 : 1 }

/// Adds a block of samples to one tile. `isWhole` says that every lane is a channel.
@inline(always)
func accumulatePooledTile(
    _ vectorCount: Int, _ isWhole: Bool, _ arguments: ConvolutionWeightGradientArguments, _ part: GradientPart,
    _ sums: UnsafeMutablePointer<Float>, _ offsets: UnsafePointer<Int>, _ sampleBegin: Int, _ sampleEnd: Int
) {
    let shape = arguments.shape
    let width = vectorCount &* laneCount
    let positions = shape.pooledHeight &* shape.pooledWidth
    guard positions > 0 else { return }
    let right = shape.inputChannels
    let below = shape.inputWidth &* shape.inputChannels
    var accumulators = TileAccumulators(repeating: Vector.zero)
    loadTile(pooledTileRowCount, vectorCount, &accumulators, sums, width)
    var cursor = ConvolutionCursor(shape, arguments.input + sampleBegin &* shape.inputCount, step: 2)
    var position = sampleBegin &* positions
    while position < sampleEnd &* positions {
        let source = position &* shape.outputChannels &+ part.column
        let flow0 = PooledFlow(arguments, source, part.columnCount, isWhole: isWhole)
        let flow1 =
            vectorCount == 2
            ? PooledFlow(arguments, source &+ laneCount, part.columnCount &- laneCount, isWhole: isWhole) : flow0
        let upper = cursor.pointer
        let lower = upper + below
        accumulatePooledRow(0, vectorCount, &accumulators, upper, lower, right, offsets, flow0, flow1)
        accumulatePooledRow(1, vectorCount, &accumulators, upper, lower, right, offsets, flow0, flow1)
        accumulatePooledRow(2, vectorCount, &accumulators, upper, lower, right, offsets, flow0, flow1)
        accumulatePooledRow(3, vectorCount, &accumulators, upper, lower, right, offsets, flow0, flow1)
        accumulatePooledRow(4, vectorCount, &accumulators, upper, lower, right, offsets, flow0, flow1)
        accumulatePooledRow(5, vectorCount, &accumulators, upper, lower, right, offsets, flow0, flow1)
        accumulatePooledRow(6, vectorCount, &accumulators, upper, lower, right, offsets, flow0, flow1)
        accumulatePooledRow(7, vectorCount, &accumulators, upper, lower, right, offsets, flow0, flow1)
        accumulatePooledRow(8, vectorCount, &accumulators, upper, lower, right, offsets, flow0, flow1)
        accumulatePooledRow(9, vectorCount, &accumulators, upper, lower, right, offsets, flow0, flow1)
        cursor.advance()
        position &+= 1
    }
    storeTile(pooledTileRowCount, vectorCount, accumulators, sums, width)
}

/// Adds one position to one row of a tile.
@inline(always)
private func accumulatePooledRow(
    _ row: Int, _ vectorCount: Int, _ accumulators: inout TileAccumulators, _ upper: UnsafePointer<Float>,
    _ lower: UnsafePointer<Float>, _ right: Int, _ offsets: UnsafePointer<Int>, _ flow0: PooledFlow, _ flow1: PooledFlow
) {
    guard row < pooledTileRowCount else { return }
    let offset = offsets[row]
    let a = upper[offset]
    let b = upper[offset &+ right]
    let c = lower[offset]
    let d = lower[offset &+ right]
    accumulators[unchecked: 2 &* row] = accumulators[unchecked: 2 &* row].addingProduct(
        flow0.selected(a, b, c, d), flow0.gradient)
    guard vectorCount == 2 else { return }
    accumulators[unchecked: 2 &* row &+ 1] = accumulators[unchecked: 2 &* row &+ 1].addingProduct(
        flow1.selected(a, b, c, d), flow1.gradient)
}
