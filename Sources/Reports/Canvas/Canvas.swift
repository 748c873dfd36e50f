import CCairo
import Core

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

/// How text looks.
struct TextStyle {
    /// Height of a line's letters, in pixels.
    var size: Double = 12
    var isBold = false
    var color = Color.ink
}

/// Which part of a text lies on its anchor.
enum TextAlignment {
    case leading, center, trailing
}

extension Canvas {
    /// The font that pictures name. Where it is missing, cairo takes another or its own.
    static let fontName = "DejaVu Sans"

    /// Metrics without rounding to pixels: the layout is then the same for every size and screen.
    func chooseTextRendering() {
        let options = cairo_font_options_create()
        cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY)
        cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE)
        cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF)
        cairo_set_font_options(context, options)
        cairo_font_options_destroy(options)
    }

    /// Families with Chinese, Japanese and Korean characters, which `fontName` lacks.
    private static let eastAsianFontNames = [
        "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei",
        "Droid Sans Fallback", "IPAGothic", "Unifont",
    ]

    /// Whether a font of this host has all characters of a text.
    func canDraw(_ text: String) -> Bool {
        choose(TextStyle(), for: text)
        return hasAllGlyphs(of: text)
    }

    private func choose(_ style: TextStyle, for text: String) {
        select(Self.fontName, style)
        let firstEastAsian: UInt32 = 0x2E80
        if text.unicodeScalars.contains(where: { $0.value >= firstEastAsian }), !hasAllGlyphs(of: text) {
            let found = Self.eastAsianFontNames.first { name in
                select(name, style)
                return hasAllGlyphs(of: text)
            }
            if found == nil { select(Self.fontName, style) }
        }
        cairo_set_source_rgb(context, style.color.red, style.color.green, style.color.blue)
    }

    private func select(_ family: String, _ style: TextStyle) {
        cairo_select_font_face(
            context, family, CAIRO_FONT_SLANT_NORMAL,
            style.isBold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL)
        cairo_set_font_size(context, style.size)
    }

    /// Whether the selected font has every character; cairo does not look in other fonts.
    private func hasAllGlyphs(of text: String) -> Bool {
        var glyphs: UnsafeMutablePointer<cairo_glyph_t>?
        var count: Int32 = 0
        let status = cairo_scaled_font_text_to_glyphs(
            cairo_get_scaled_font(context), 0, 0, text, -1, &glyphs, &count, nil, nil, nil)
        guard status == CAIRO_STATUS_SUCCESS, let glyphs else { return false }
        defer { cairo_glyph_free(glyphs) }
        return UnsafeBufferPointer(start: glyphs, count: Int(count)).allSatisfy { $0.index != 0 }
    }

    /// How far the text reaches, in pixels.
    func width(of text: String, _ style: TextStyle) -> Double {
        choose(style, for: text)
        var extents = cairo_text_extents_t()
        cairo_text_extents(context, text, &extents)
        return extents.x_advance
    }

    /// One line of text whose middle height lies on the anchor. `turn` is clockwise, in radians, around the anchor.
    func text(
        _ text: String, at anchor: Point, _ style: TextStyle = TextStyle(), _ alignment: TextAlignment = .leading,
        turn: Double = 0
    ) {
        let width = width(of: text, style)
        let shift =
            switch alignment {
            case .leading: 0.0
            case .center: -width / 2
            case .trailing: -width
            }
        cairo_save(context)
        cairo_translate(context, anchor.x, anchor.y)
        cairo_rotate(context, turn)
        // Capital letters and digits are 0.73 of the size high.
        cairo_move_to(context, shift, style.size * 0.365)
        cairo_show_text(context, text)
        cairo_restore(context)
    }

    /// The text, or its beginning with "…" where it would be wider than `width`.
    func cut(_ text: String, _ style: TextStyle, width limit: Double) -> String {
        if width(of: text, style) <= limit { return text }
        var count = text.count
        while count > 1 {
            count -= 1
            let shorter = text.prefix(count) + "…"
            if width(of: String(shorter), style) <= limit { return String(shorter) }
        }
        return "…"
    }

    /// The style, smaller where the text would otherwise be wider than `width`; never below 7 pixels.
    func fitting(_ text: String, _ style: TextStyle, width limit: Double) -> TextStyle {
        var result = style
        while result.size > 7, width(of: text, result) > limit { result.size -= 0.5 }
        return result
    }
}

/// The fonts that are there.
package enum PictureFont {
    /// A line when pictures look otherwise than meant: without the font that they name, or without characters of these
    /// names. Nil when all is well.
    ///
    /// In that font an "m" at a size of 2048 is 1995 wide; in no other that fontconfig takes in its place.
    package static func note(names: [String] = []) -> String? {
        guard let canvas = try? Canvas(width: 8, height: 8) else { return nil }
        let width = canvas.width(of: "m", TextStyle(size: 2048))
        if abs(width - 1995) > 0.5 {
            return "the font \(Canvas.fontName) is missing, pictures use another one: "
                + "install it with scripts/setup (Debian: fonts-dejavu-core) for the usual look"
        }
        guard let name = names.first(where: { !canvas.canDraw($0) }) else { return nil }
        return "pictures show boxes for characters of \(quoted(name)): no font that they use has them "
            + "(for Chinese, Japanese and Korean install Debian's fonts-noto-cjk)"
    }
}

/// A small picture of bytes, as data sets hold them.
struct PixelImage {
    var height: Int
    var width: Int
    /// 1 (grey) or 3 (red, green, blue); of any other number the first is shown as grey.
    var channels: Int
    /// `[height, width, channels]`, 0…255.
    var pixels: ArraySlice<UInt8>

    /// The pixel as 0x00RRGGBB.
    fileprivate func word(_ index: Int) -> UInt32 {
        let start = pixels.startIndex + index * channels
        let red = UInt32(pixels[start])
        guard channels == 3 else { return red << 16 | red << 8 | red }
        return red << 16 | UInt32(pixels[start + 1]) << 8 | UInt32(pixels[start + 2])
    }
}

extension Canvas {
    /// Fills the rectangle with the image; pixels stay squares with sharp edges.
    func image(_ image: PixelImage, in rectangle: Rectangle) {
        precondition(image.pixels.count == image.height * image.width * image.channels, "an image of another size")
        guard let small = cairo_image_surface_create(CAIRO_FORMAT_RGB24, Int32(image.width), Int32(image.height))
        else { return }
        defer { cairo_surface_destroy(small) }
        guard let bytes = cairo_image_surface_get_data(small) else { return }
        let stride = Int(cairo_image_surface_get_stride(small))
        for y in 0..<image.height {
            for x in 0..<image.width {
                UnsafeMutableRawPointer(bytes).storeBytes(
                    of: image.word(y * image.width + x), toByteOffset: y * stride + 4 * x, as: UInt32.self)
            }
        }
        cairo_surface_mark_dirty(small)
        cairo_save(context)
        cairo_translate(context, rectangle.x, rectangle.y)
        cairo_scale(context, rectangle.width / Double(image.width), rectangle.height / Double(image.height))
        cairo_set_source_surface(context, small, 0, 0)
        cairo_pattern_set_filter(cairo_get_source(context), CAIRO_FILTER_NEAREST)
        cairo_rectangle(context, 0, 0, Double(image.width), Double(image.height))
        cairo_fill(context)
        cairo_restore(context)
    }
}

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

/// Why a picture could not be drawn: the message of cairo.
package struct DrawingError: Error, Sendable, Equatable, CustomStringConvertible {
    package var problem: String

    package var description: String { "a picture cannot be drawn: \(problem)" }
}
