import CCairo

/// A white picture to draw on. Lengths are in pixels of a plain screen; the bitmap has twice as many each way, so that
/// small text stays sharp, except for very large pictures.
///
/// A failure inside cairo sticks to the drawing and is reported by `png()`.
final class Canvas {
    let width: Double
    let height: Double
    private let surface: OpaquePointer
    let context: OpaquePointer

    /// Beyond so many pixels of the layout the bitmap has no more than those.
    private static let sharpAreaLimit = 3_000_000.0

    init(width: Double, height: Double) throws(DrawingError) {
        self.width = width.rounded(.up)
        self.height = height.rounded(.up)
        precondition(1...8192 ~= self.width && 1...8192 ~= self.height, "a picture is 1 to 8192 pixels wide and high")
        let scale = self.width * self.height <= Self.sharpAreaLimit ? 2.0 : 1.0
        guard
            let surface = cairo_image_surface_create(
                CAIRO_FORMAT_RGB24, Int32(self.width * scale), Int32(self.height * scale)),
            let context = cairo_create(surface)
        else { throw DrawingError(problem: "out of memory") }
        self.surface = surface
        self.context = context
        cairo_scale(context, scale, scale)
        chooseTextRendering()
        fill(Rectangle(x: 0, y: 0, width: self.width, height: self.height), .white)
        try checkStatus()
    }

    deinit {
        cairo_destroy(context)
        cairo_surface_destroy(surface)
    }

    private func checkStatus() throws(DrawingError) {
        for status in [cairo_status(context), cairo_surface_status(surface)] where status != CAIRO_STATUS_SUCCESS {
            throw DrawingError(problem: String(cString: cairo_status_to_string(status)))
        }
    }

    /// The picture as the bytes of a PNG file. Equal drawings with the same font and library give equal bytes.
    func png() throws(DrawingError) -> [UInt8] {
        try checkStatus()
        var bytes: [UInt8] = []
        let status = withUnsafeMutablePointer(to: &bytes) { target in
            cairo_surface_write_to_png_stream(
                surface,
                { target, data, count in
                    guard let target, let data else { return CAIRO_STATUS_WRITE_ERROR }
                    target.assumingMemoryBound(to: [UInt8].self).pointee
                        .append(contentsOf: UnsafeBufferPointer(start: data, count: Int(count)))
                    return CAIRO_STATUS_SUCCESS
                }, target)
        }
        guard status == CAIRO_STATUS_SUCCESS else {
            throw DrawingError(problem: String(cString: cairo_status_to_string(status)))
        }
        return bytes
    }
}

// MARK: - Shapes

extension Canvas {
    private func choose(_ color: Color) {
        cairo_set_source_rgb(context, color.red, color.green, color.blue)
    }

    private func trace(_ points: [Point]) {
        cairo_new_path(context)
        for point in points { cairo_line_to(context, point.x, point.y) }
    }

    func fill(_ rectangle: Rectangle, _ color: Color) {
        choose(color)
        cairo_rectangle(context, rectangle.x, rectangle.y, rectangle.width, rectangle.height)
        cairo_fill(context)
    }

    func outline(_ rectangle: Rectangle, _ color: Color, lineWidth: Double = 1) {
        choose(color)
        cairo_set_dash(context, nil, 0, 0)
        cairo_set_line_width(context, lineWidth)
        cairo_rectangle(context, rectangle.x, rectangle.y, rectangle.width, rectangle.height)
        cairo_stroke(context)
    }

    /// A line through the points; `dash` gives the lengths of strokes and gaps in turn.
    func line(_ points: [Point], _ color: Color, lineWidth: Double = 1, dash: [Double] = []) {
        choose(color)
        cairo_set_dash(context, dash, Int32(dash.count), 0)
        cairo_set_line_width(context, lineWidth)
        cairo_set_line_join(context, CAIRO_LINE_JOIN_ROUND)
        trace(points)
        cairo_stroke(context)
    }

    func disc(_ center: Point, radius: Double, _ color: Color) {
        choose(color)
        cairo_new_path(context)
        cairo_arc(context, center.x, center.y, radius, 0, 2 * Double.pi)
        cairo_fill(context)
    }

    /// Draws only inside the rectangle while `body` runs.
    func clipped(to rectangle: Rectangle, _ body: () -> Void) {
        cairo_save(context)
        cairo_rectangle(context, rectangle.x, rectangle.y, rectangle.width, rectangle.height)
        cairo_clip(context)
        body()
        cairo_restore(context)
    }
}
