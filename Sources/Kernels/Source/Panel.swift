/// Copies of matrix parts in scratch memory: at most `width` columns, each row padded with +0 to whole vectors.
enum Panel {
    /// Columns of the widest panel: two vectors.
    @inline(__always)
    static var width: Int { 2 &* laneCount }

    /// Vectors that `columns` (at most `width`) columns take: 1 or 2.
    @inline(__always)
    static func vectors(for columns: Int) -> Int { columns > laneCount ? 2 : 1 }
}

/// Copies `rows` rows of `columns` values into rows of `vectors(for: columns)` whole vectors.
@inline(never)
func packPanel(
    rows: Int, columns: Int, _ source: UnsafePointer<Float>, rowStride: Int, _ target: UnsafeMutablePointer<Float>
) {
    let width = Panel.vectors(for: columns) &* laneCount
    var source = source
    var target = target
    var row = 0
    while row < rows {
        if columns == 2 &* laneCount {
            storeVector(loadVector(source), target)
            storeVector(loadVector(source + laneCount), target + laneCount)
        } else {
            packRow(columns: columns, width: width, source, target)
        }
        source += rowStride
        target += width
        row &+= 1
    }
}

/// Copies `rows` rows of `columns` values, without padding.
@inline(never)
func copyRows(
    rows: Int, columns: Int, _ source: UnsafePointer<Float>, rowStride sourceStride: Int,
    _ target: UnsafeMutablePointer<Float>, rowStride targetStride: Int
) {
    var row = 0
    while row < rows {
        copyRow(columns: columns, source + row &* sourceStride, target + row &* targetStride)
        row &+= 1
    }
}

@inline(__always)
private func packRow(
    columns: Int, width: Int, _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>
) {
    storeVector(Vector.zero, target)
    storeVector(Vector.zero, target + (width &- laneCount))
    copyRow(columns: columns, source, target)
}

/// Copies in pieces of 16, then 8, 4, 2 and 1.
@inline(__always)
func copyRow(
    columns: Int, _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>
) {
    var from = UnsafeRawPointer(source)
    var to = UnsafeMutableRawPointer(target)
    var remaining = columns
    while remaining >= 16 {
        to.storeBytes(of: from.loadUnaligned(as: SIMD16<Float>.self), as: SIMD16<Float>.self)
        from += 64
        to += 64
        remaining &-= 16
    }
    if remaining & 8 != 0 {
        to.storeBytes(of: from.loadUnaligned(as: SIMD8<Float>.self), as: SIMD8<Float>.self)
        from += 32
        to += 32
    }
    if remaining & 4 != 0 {
        to.storeBytes(of: from.loadUnaligned(as: SIMD4<Float>.self), as: SIMD4<Float>.self)
        from += 16
        to += 16
    }
    if remaining & 2 != 0 {
        to.storeBytes(of: from.loadUnaligned(as: SIMD2<Float>.self), as: SIMD2<Float>.self)
        from += 8
        to += 8
    }
    if remaining & 1 != 0 { to.storeBytes(of: from.loadUnaligned(as: Float.self), as: Float.self) }
}
