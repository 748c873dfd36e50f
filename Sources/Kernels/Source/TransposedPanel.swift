internal import CPlatform

/// Packs `target[k, column] = source[column · rowStride + k]` for `inner` values of k, padded to whole vectors.
///
/// Square blocks of whole vectors are transposed in registers, so that each line of the target is written at once; the
/// rest is copied value by value.
@inline(never)
func packPanelTransposed(
    inner: Int, columns: Int, _ source: UnsafePointer<Float>, rowStride: Int, _ target: UnsafeMutablePointer<Float>
) {
    let width = Panel.vectors(for: columns) &* laneCount
    var column = 0
    while column < width {
        var k = 0
        if column &+ laneCount <= columns {
            while k &+ laneCount <= inner {
                let block = source + (column &* rowStride &+ k)
                prefetchRows(block + laneCount &* rowStride, rowStride)
                transposeBlock(block, rowStride, target + (k &* width &+ column), width)
                k &+= laneCount
            }
        }
        copyTransposed(source + k, rowStride, target + k &* width, width, inner &- k, column, columns)
        column &+= laneCount
    }
}

/// Requests one line of each row of a block.
@inline(__always)
private func prefetchRows(_ source: UnsafePointer<Float>, _ rowStride: Int) {
    var row = 0
    while row < laneCount {
        selvedge_prefetch(source + row &* rowStride)
        row &+= 1
    }
}

/// One vector of columns from `column` on, value by value; columns from `end` on become +0.
@inline(__always)
private func copyTransposed(
    _ source: UnsafePointer<Float>, _ rowStride: Int, _ target: UnsafeMutablePointer<Float>, _ width: Int, _ inner: Int,
    _ column: Int, _ end: Int
) {
    var column = column
    var lane = 0
    while lane < laneCount {
        var k = 0
        while k < inner {
            target[k &* width &+ column] = if column < end { source[column &* rowStride &+ k] } else { 0 }
            k &+= 1
        }
        column &+= 1
        lane &+= 1
    }
}

/// Writes `target[i, j] = source[j, i]` for a square block of one vector a row.
///
/// Each stage exchanges one bit of the row's number with the lowest bit of the lane's; after as many stages as a lane's
/// number has bits, rows and lanes have changed places.
@inline(__always)
private func transposeBlock(
    _ source: UnsafePointer<Float>, _ sourceStride: Int, _ target: UnsafeMutablePointer<Float>, _ targetStride: Int
) {
    if laneCount == 16 {
        var upper = EightRows(source, sourceStride)
        var lower = EightRows(source + 8 &* sourceStride, sourceStride)
        upper.exchange()
        lower.exchange()
        EightRows.exchange(&upper, &lower)
        upper.store(target, targetStride)
        lower.store(target + 8 &* targetStride, targetStride)
    } else if laneCount == 8 {
        var rows = EightRows(source, sourceStride)
        rows.exchange()
        rows.store(target, targetStride)
    } else {
        var rows = FourRows(source, sourceStride)
        rows.exchange()
        rows.store(target, targetStride)
    }
}

/// Two rows become one of their even and one of their odd lanes.
@inline(__always)
private func exchangeLanes(_ a: inout Vector, _ b: inout Vector) {
    let pair = VectorPair(lowHalf: a, highHalf: b)
    a = pair.evenHalf
    b = pair.oddHalf
}

/// Four rows of a block, in registers.
private struct FourRows {
    var row0: Vector
    var row1: Vector
    var row2: Vector
    var row3: Vector

    @inline(__always)
    init(_ source: UnsafePointer<Float>, _ stride: Int) {
        row0 = loadVector(source)
        row1 = loadVector(source + stride)
        row2 = loadVector(source + 2 &* stride)
        row3 = loadVector(source + 3 &* stride)
    }

    /// Exchanges both bits of the row's number.
    @inline(__always)
    mutating func exchange() {
        exchangeLanes(&row0, &row1)
        exchangeLanes(&row2, &row3)
        exchangeLanes(&row0, &row2)
        exchangeLanes(&row1, &row3)
    }

    /// Exchanges one bit of the row's number: that between the two groups.
    @inline(__always)
    static func exchange(_ a: inout FourRows, _ b: inout FourRows) {
        exchangeLanes(&a.row0, &b.row0)
        exchangeLanes(&a.row1, &b.row1)
        exchangeLanes(&a.row2, &b.row2)
        exchangeLanes(&a.row3, &b.row3)
    }

    @inline(__always)
    func store(_ target: UnsafeMutablePointer<Float>, _ stride: Int) {
        storeVector(row0, target)
        storeVector(row1, target + stride)
        storeVector(row2, target + 2 &* stride)
        storeVector(row3, target + 3 &* stride)
    }
}

/// Eight rows of a block, in registers.
private struct EightRows {
    var upper: FourRows
    var lower: FourRows

    @inline(__always)
    init(_ source: UnsafePointer<Float>, _ stride: Int) {
        upper = FourRows(source, stride)
        lower = FourRows(source + 4 &* stride, stride)
    }

    /// Exchanges all three bits of the row's number.
    @inline(__always)
    mutating func exchange() {
        upper.exchange()
        lower.exchange()
        FourRows.exchange(&upper, &lower)
    }

    /// Exchanges one bit of the row's number: that between the two groups.
    @inline(__always)
    static func exchange(_ a: inout EightRows, _ b: inout EightRows) {
        FourRows.exchange(&a.upper, &b.upper)
        FourRows.exchange(&a.lower, &b.lower)
    }

    @inline(__always)
    func store(_ target: UnsafeMutablePointer<Float>, _ stride: Int) {
        upper.store(target, stride)
        lower.store(target + 4 &* stride, stride)
    }
}
