import CCairo

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

    private func choose(_ style: TextStyle) {
        cairo_select_font_face(
            context, Self.fontName, CAIRO_FONT_SLANT_NORMAL,
            style.isBold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL)
        cairo_set_font_size(context, style.size)
        cairo_set_source_rgb(context, style.color.red, style.color.green, style.color.blue)
    }

    /// How far the text reaches, in pixels.
    func width(of text: String, _ style: TextStyle) -> Double {
        choose(style)
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

/// The font that is there.
package enum PictureFont {
    /// What to tell the user when pictures cannot use the font that they name; nil when they can.
    ///
    /// In that font an "m" at a size of 2048 is 1995 wide; in no other that fontconfig takes in its place.
    package static var note: String? {
        guard let canvas = try? Canvas(width: 8, height: 8) else { return nil }
        let width = canvas.width(of: "m", TextStyle(size: 2048))
        guard abs(width - 1995) > 0.5 else { return nil }
        return "the font \(Canvas.fontName) is missing, pictures use another one: "
            + "install it with scripts/setup (Debian: fonts-dejavu-core) for the usual look"
    }
}
