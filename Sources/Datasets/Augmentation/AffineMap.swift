import Core

/// Where each pixel of an image comes from: the place in the source of output pixel (x, y), x along a row and y down a
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
