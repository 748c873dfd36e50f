/// A place on a canvas, in pixels from its upper left corner.
struct Point: Equatable {
    var x: Double
    var y: Double
}

/// An upright rectangle on a canvas, in pixels.
struct Rectangle: Equatable {
    var x: Double
    var y: Double
    var width: Double
    var height: Double

    var right: Double { x + width }
    var bottom: Double { y + height }
    var center: Point { Point(x: x + width / 2, y: y + height / 2) }

    /// What is left without margins of these widths.
    func inset(left: Double, top: Double, right: Double, bottom: Double) -> Rectangle {
        Rectangle(x: x + left, y: y + top, width: width - left - right, height: height - top - bottom)
    }
}
