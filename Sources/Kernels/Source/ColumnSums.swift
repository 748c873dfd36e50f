public import KernelInterface

/// `KernelTable.columnSums`.
///
/// Panels of four vectors of columns, whose sums stay in registers; the rest goes vector by vector.
public func columnSums(_ arguments: ColumnSumArguments, _ scratch: UnsafeMutableRawPointer) {
    let stack = scratch.assumingMemoryBound(to: Float.self)
    var column = arguments.columnBegin
    while column < arguments.columnEnd {
        let columns = arguments.columnEnd &- column
        if columns >= 4 &* laneCount {
            sumColumns(arguments, column: column, columns: 4 &* laneCount, vectors: 4, stack)
            column &+= 4 &* laneCount
        } else if columns >= 2 &* laneCount {
            sumColumns(arguments, column: column, columns: 2 &* laneCount, vectors: 2, stack)
            column &+= 2 &* laneCount
        } else {
            sumColumns(arguments, column: column, columns: lesser(columns, laneCount), vectors: 1, stack)
            column &+= laneCount
        }
    }
}

/// Up to four vectors of sums. `vectors` is a literal; only a single vector may be partly filled.
private struct ColumnAccumulators {
    var sum0 = Vector.zero
    var sum1 = Vector.zero
    var sum2 = Vector.zero
    var sum3 = Vector.zero

    /// values + sums, in this order of operands.
    @inline(__always)
    mutating func add(_ values: UnsafePointer<Float>, vectors: Int) {
        sum0 = loadVector(values) + sum0
        guard vectors > 1 else { return }
        sum1 = loadVector(values + laneCount) + sum1
        guard vectors > 2 else { return }
        sum2 = loadVector(values + 2 &* laneCount) + sum2
        sum3 = loadVector(values + 3 &* laneCount) + sum3
    }

    @inline(__always)
    func store(_ target: UnsafeMutablePointer<Float>, vectors: Int, columns: Int) {
        if columns < laneCount {
            storeVector(sum0, target, count: columns)
            return
        }
        storeVector(sum0, target)
        guard vectors > 1 else { return }
        storeVector(sum1, target + laneCount)
        guard vectors > 2 else { return }
        storeVector(sum2, target + 2 &* laneCount)
        storeVector(sum3, target + 3 &* laneCount)
    }
}

/// Runs the program for one panel of columns.
@inline(__always)
private func sumColumns(
    _ arguments: ColumnSumArguments, column: Int, columns: Int, vectors: Int, _ stack: UnsafeMutablePointer<Float>
) {
    let slotStride = 4 &* laneCount
    var top = stack
    var index = 0
    while index < arguments.program.stepCount {
        let step = arguments.program.steps[index]
        var sums = ColumnAccumulators()
        let first = Int(step.sampleBegin) &* arguments.positionCount
        var values = arguments.values + (first &* arguments.columnCount &+ column)
        var remaining = Int(step.sampleEnd &- step.sampleBegin) &* arguments.positionCount
        while remaining > 0 {
            if columns < laneCount {
                sums.sum0 = loadVector(values, count: columns) + sums.sum0
            } else {
                sums.add(values, vectors: vectors)
            }
            values += arguments.columnCount
            remaining &-= 1
        }
        var merges = step.mergeCount
        while merges > 0 {
            top -= slotStride
            sums.add(UnsafePointer(top), vectors: vectors)
            merges &-= 1
        }
        if step.rootIndex < 0 {
            sums.store(top, vectors: vectors, columns: slotStride)
            top += slotStride
        } else {
            let root = arguments.sums + (Int(step.rootIndex) &* arguments.rootStride &+ column)
            sums.store(root, vectors: vectors, columns: columns)
        }
        index &+= 1
    }
}
