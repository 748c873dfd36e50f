import Core

/// The source of each pixel of an image: the place of output pixel (x, y), x along a row and y down a
/// column, is `(xx·x + xy·y + xOffset, yx·x + yy·y + yOffset)`.
struct AffineMap {
    let xx: Double
    let xy: Double
    let xOffset: Double
    let yx: Double
    let yy: Double
    let yOffset: Double
}

extension AffineMap {
    /// The map of Keras's `apply_affine_transform`: rotation · shift · shear · zoom about the image's centre.
    ///
    /// Shifts in pixels, angles in degrees. As in Keras a zoom above 1 shrinks the picture.
    init(
        rotationDegrees: Double, xShift: Double, yShift: Double, shearDegrees: Double, xZoom: Double, yZoom: Double,
        height: Int, width: Int
    ) {
        let (sine, cosine) = ElementaryFunctions.sineAndCosine(degrees: rotationDegrees)
        let (shearSine, shearCosine) = ElementaryFunctions.sineAndCosine(degrees: shearDegrees)
        // Rotation [c −s; s c] times shear [1 −sin; 0 cos], then the columns times the zooms.
        let (xx, yx) = (cosine * xZoom, sine * xZoom)
        let xy = (-(cosine * shearSine) - sine * shearCosine) * yZoom
        let yy = (cosine * shearCosine - sine * shearSine) * yZoom
        let (xCentre, yCentre) = (Double(width) / 2 - 0.5, Double(height) / 2 - 0.5)
        // The shift is turned with the rotation; the centre stays where it is.
        let xOffset = (cosine * xShift - sine * yShift) + (xCentre - (xx * xCentre + xy * yCentre))
        let yOffset = (sine * xShift + cosine * yShift) + (yCentre - (yx * xCentre + yy * yCentre))
        self.init(xx: xx, xy: xy, xOffset: xOffset, yx: yx, yy: yy, yOffset: yOffset)
    }
}

/// Draws an image through an affine map with bilinear interpolation, as scipy.ndimage.affine_transform does with order
/// 1.
struct AffineSampling {
    let height: Int
    let width: Int
    let channels: Int
    let fill: AugmentationConfiguration.FillMode

    /// `target` and `source`: `[height, width, channels]`, not overlapping. Places and weights are Double; the four
    /// neighbours are added in the order (above left, above right, below left, below right) and rounded once to Float.
    func apply(_ map: AffineMap, _ source: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>) {
        for y in 0..<height {
            for x in 0..<width {
                let pixel = target + (y * width + x) * channels
                let (column, row) = (Double(x), Double(y))
                guard
                    let above = neighbours(row * map.yy + column * map.yx + map.yOffset, count: height),
                    let left = neighbours(row * map.xy + column * map.xx + map.xOffset, count: width)
                else {
                    for channel in 0..<channels { pixel[channel] = 0 }
                    continue
                }
                mix(above, left, source, into: pixel)
            }
        }
    }

    /// Two neighbouring places along an axis, and the weight of the second.
    private struct Neighbours {
        let first: Int
        let second: Int
        let weight: Double
    }

    private func mix(
        _ rows: Neighbours, _ columns: Neighbours, _ source: UnsafePointer<Float>,
        into pixel: UnsafeMutablePointer<Float>
    ) {
        let (rowWeight, columnWeight) = (1 - rows.weight, 1 - columns.weight)
        let (first, second) = (rows.first * width, rows.second * width)
        for channel in 0..<channels {
            let aboveLeft = Double(source[(first + columns.first) * channels + channel])
            let aboveRight = Double(source[(first + columns.second) * channels + channel])
            let belowLeft = Double(source[(second + columns.first) * channels + channel])
            let belowRight = Double(source[(second + columns.second) * channels + channel])
            var sum = aboveLeft * rowWeight * columnWeight
            sum += aboveRight * rowWeight * columns.weight
            sum += belowLeft * rows.weight * columnWeight
            sum += belowRight * rows.weight * columns.weight
            pixel[channel] = Float(sum)
        }
    }

    /// The neighbours of a place along an axis of `count` pixels; nil beyond the edges with `constant`.
    private func neighbours(_ place: Double, count: Int) -> Neighbours? {
        let last = Double(count - 1)
        if place >= 0, place <= last { return between(place, count: count) }
        switch fill {
        case .constant: return nil
        case .nearest: return between(place < 0 ? 0 : last, count: count)
        case .reflect: return count > 1 ? between(reflected(place, count: count), count: count) : between(0, count: 1)
        case .wrap:
            guard count > 1 else { return between(0, count: 1) }
            let periods = place < 0 ? -Double(Int(-place / last) + 1) : Double(Int(place / last))
            return between(place - last * periods, count: count)
        }
    }

    /// A place beyond an edge, brought into −1 … count: half a pixel beyond each edge the image is mirrored.
    private func reflected(_ place: Double, count: Int) -> Double {
        let period = Double(2 * count)
        if place < 0 {
            let near = place < -period ? place + period * Double(Int(-place / period)) : place
            return near < -Double(count) ? near + period : -near - 1
        }
        let near = place - period * Double(Int(place / period))
        return near >= Double(count) ? period - near - 1 : near
    }

    private func between(_ place: Double, count: Int) -> Neighbours {
        var first = Int(place)
        if Double(first) > place { first -= 1 }
        return Neighbours(
            first: min(max(first, 0), count - 1), second: min(max(first + 1, 0), count - 1),
            weight: place - Double(first))
    }
}
