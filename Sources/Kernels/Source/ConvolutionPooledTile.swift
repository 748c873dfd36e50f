internal import KernelInterface

/// Adds a block of samples to one tile of the pooled gradient. `isWhole` says that every lane is a channel.
///
/// Each of the four places of a window is multiplied with the gradient of the lanes whose maximum it was, and +0 in
/// the others: four fused multiply-adds instead of one, but with the inputs as plain broadcasts, which is faster than
/// selecting an input for every lane.
@inline(always)
func accumulatePooledTile(
    _ vectorCount: Int, _ isWhole: Bool, _ left: PooledSource, _ right: PooledSource, _ part: GradientPart,
    _ sums: UnsafeMutablePointer<Float>, _ offsets: UnsafePointer<Int>, _ sampleBegin: Int, _ sampleEnd: Int
) {
    let shape = left.shape
    let positions = shape.pooledHeight &* shape.pooledWidth
    guard positions > 0 else { return }
    let below = shape.inputWidth &* shape.inputChannels
    let input = left.input + sampleBegin &* shape.inputCount
    var accumulators = TileAccumulators(repeating: Vector.zero)
    loadTile(tileRowCount, vectorCount, &accumulators, sums, vectorCount &* laneCount)
    var pointers = TilePointers(repeating: input)
    var row = 0
    while row < tileRowCount {
        pointers[unchecked: row] = input + offsets[row]
        row &+= 1
    }
    var cursor = ConvolutionCursor(shape, input, step: 2)
    var position = sampleBegin &* positions
    while position < sampleEnd &* positions {
        let flow0 = PooledFlow(left, position &* shape.outputChannels, isWhole: isWhole)
        let flow1 =
            vectorCount == 2 ? PooledFlow(right, position &* shape.outputChannels, isWhole: isWhole) : flow0
        storePlaces(vectorCount, flow0, flow1, part.placeMemory)
        var gradient = UnsafePointer(part.placeMemory)
        var rowOffset = cursor.pointer - input
        let rowEnd = rowOffset &+ 2 &* below
        // Plain loops over the window: unrolled, the compiler runs out of registers.
        while rowOffset < rowEnd {
            var offset = rowOffset
            let offsetEnd = offset &+ 2 &* shape.inputChannels
            while offset < offsetEnd {
                let g0 = loadVector(gradient)
                let g1 = vectorCount == 2 ? loadVector(gradient + laneCount) : g0
                accumulateTile(tileRowCount, vectorCount, &accumulators, pointers, offset, g0, g1)
                gradient += vectorCount &* laneCount
                offset &+= shape.inputChannels
            }
            rowOffset &+= below
        }
        cursor.advance()
        position &+= 1
    }
    storeTile(tileRowCount, vectorCount, accumulators, sums, vectorCount &* laneCount)
}

/// Stores the gradients of the four places one after the other.
@inline(always)
private func storePlaces(
    _ vectorCount: Int, _ flow0: PooledFlow, _ flow1: PooledFlow, _ gradients: UnsafeMutablePointer<Float>
) {
    storePlace(0, vectorCount, flow0, flow1, gradients)
    storePlace(1, vectorCount, flow0, flow1, gradients + vectorCount &* laneCount)
    storePlace(2, vectorCount, flow0, flow1, gradients + 2 &* vectorCount &* laneCount)
    storePlace(3, vectorCount, flow0, flow1, gradients + 3 &* vectorCount &* laneCount)
}

@inline(always)
private func storePlace(
    _ place: UInt32, _ vectorCount: Int, _ flow0: PooledFlow, _ flow1: PooledFlow,
    _ gradients: UnsafeMutablePointer<Float>
) {
    storeVector(flow0.gradient(at: place), gradients)
    guard vectorCount == 2 else { return }
    storeVector(flow1.gradient(at: place), gradients + laneCount)
}
