internal import KernelInterface

/// Two vectors of sums, or of operands.
struct SumPair {
    var first = Vector.zero
    var second = Vector.zero
}

/// Loads both vectors if `count` is above one vector's lanes, else `count` lanes of the first; reads nothing beyond them.
@inline(__always)
func loadPair(_ pointer: UnsafePointer<Float>, count: Int) -> SumPair {
    if count > laneCount { return SumPair(first: loadVector(pointer), second: loadVector(pointer + laneCount)) }
    if count == laneCount { return SumPair(first: loadVector(pointer)) }
    return SumPair(first: loadVector(pointer, count: count))
}

/// Runs a program of sums that are pairs of vectors: `addPosition` adds the terms of a position, counted over all samples, and
/// `store` writes a root.
@inline(__always)
func runProgram(
    _ program: SummationProgram, positionCount: Int, _ stack: UnsafeMutablePointer<Float>,
    addPosition: (_ sums: inout SumPair, _ position: Int) -> Void, store: (_ sums: SumPair, _ root: Int) -> Void
) {
    var top = stack
    var index = 0
    while index < program.stepCount {
        let step = program.steps[index]
        var sums = SumPair()
        var position = Int(step.sampleBegin) &* positionCount
        let end = Int(step.sampleEnd) &* positionCount
        while position < end {
            addPosition(&sums, position)
            position &+= 1
        }
        var merges = step.mergeCount
        while merges > 0 {
            top -= 2 &* laneCount
            sums.first = loadVector(top) + sums.first
            sums.second = loadVector(top + laneCount) + sums.second
            merges &-= 1
        }
        if step.rootIndex < 0 {
            storeVector(sums.first, top)
            storeVector(sums.second, top + laneCount)
            top += 2 &* laneCount
        } else {
            store(sums, Int(step.rootIndex))
        }
        index &+= 1
    }
}
