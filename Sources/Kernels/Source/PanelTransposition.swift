/// Packs `target[k, column] = source[column · rowStride + k]` for `inner` values of k, padded to whole vectors.
///
/// Blocks of 4 × 4 are transposed in registers; what is left over goes value by value.
@inline(never)
func packPanelTransposed(
    inner: Int, columns: Int, _ source: UnsafePointer<Float>, rowStride: Int, _ target: UnsafeMutablePointer<Float>
) {
    let width = Panel.vectors(for: columns) &* laneCount
    var column = 0
    while column < width {
        if column &+ 4 <= columns {
            transposeFourColumns(
                inner: inner, source + column &* rowStride, rowStride: rowStride, target + column, width)
        } else {
            var single = column
            while single < column &+ 4 {
                copyColumn(
                    inner: inner, single < columns ? source + single &* rowStride : nil, target + single, width)
                single &+= 1
            }
        }
        column &+= 4
    }
}

/// One column of the panel, from consecutive values or +0.
@inline(__always)
private func copyColumn(
    inner: Int, _ source: UnsafePointer<Float>?, _ target: UnsafeMutablePointer<Float>, _ width: Int
) {
    var k = 0
    while k < inner {
        target[k &* width] = if let source { source[k] } else { 0 }
        k &+= 1
    }
}

@inline(__always)
private func transposeFourColumns(
    inner: Int, _ source: UnsafePointer<Float>, rowStride: Int, _ target: UnsafeMutablePointer<Float>, _ width: Int
) {
    var k = 0
    while k &+ 4 <= inner {
        let ab = SIMD8(lowHalf: four(source + k), highHalf: four(source + k + rowStride))
        let cd = SIMD8(lowHalf: four(source + k + 2 &* rowStride), highHalf: four(source + k + 3 &* rowStride))
        let even = SIMD8(lowHalf: ab.evenHalf, highHalf: cd.evenHalf)
        let odd = SIMD8(lowHalf: ab.oddHalf, highHalf: cd.oddHalf)
        let row = UnsafeMutableRawPointer(target + k &* width)
        row.storeBytes(of: even.evenHalf, as: SIMD4<Float>.self)
        (row + 4 &* width).storeBytes(of: odd.evenHalf, as: SIMD4<Float>.self)
        (row + 8 &* width).storeBytes(of: even.oddHalf, as: SIMD4<Float>.self)
        (row + 12 &* width).storeBytes(of: odd.oddHalf, as: SIMD4<Float>.self)
        k &+= 4
    }
    while k < inner {
        var column = 0
        while column < 4 {
            target[k &* width &+ column] = source[column &* rowStride &+ k]
            column &+= 1
        }
        k &+= 1
    }
}

@inline(__always)
private func four(_ source: UnsafePointer<Float>) -> SIMD4<Float> {
    UnsafeRawPointer(source).loadUnaligned(as: SIMD4<Float>.self)
}
