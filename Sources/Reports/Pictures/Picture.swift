/// A finished picture.
package struct Picture: Sendable, Equatable {
    /// The file's name without ".png".
    package var name: String
    /// What it shows, for a heading.
    package var title: String
    /// A PNG file.
    package var png: [UInt8]
    /// Its width on a page; the bitmap may have twice as many pixels.
    let width: Int

    init(name: String, title: String, canvas: Canvas) throws(DrawingError) {
        self.name = name
        self.title = title
        png = try canvas.png()
        width = Int(canvas.width)
    }
}

/// The source of the figures of a picture: a line at its foot and, for generated data, a warning on top.
package struct PictureSource: Sendable, Equatable {
    /// Such as "A-1, seed 1, data: fashion-mnist test".
    package var text: String
    /// Nil for real data.
    package var warning: String?

    package init(text: String, warning: String?) {
        self.text = text
        self.warning = warning
    }

    /// The warning beside every figure from generated images.
    package static let syntheticWarning = "SYNTHETIC DATA: these figures mean nothing"

    /// The height of the letters' band at the top.
    var bannerHeight: Double { warning == nil ? 0 : 34 }

    /// The height of the line at the foot.
    static let footHeight = 22.0

    func draw(on canvas: Canvas) {
        if let warning {
            let band = Rectangle(x: 0, y: 0, width: canvas.width, height: bannerHeight)
            canvas.fill(band, .mistake)
            let style = canvas.fitting(
                warning, TextStyle(size: 20, isBold: true, color: .white), width: band.width - 16)
            canvas.text(warning, at: band.center, style, .center)
        }
        let style = TextStyle(size: 11, color: .faint)
        canvas.text(
            canvas.cut(text, style, width: canvas.width - 16),
            at: Point(x: canvas.width - 8, y: canvas.height - Self.footHeight / 2), style, .trailing)
    }
}
