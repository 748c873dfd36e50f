/// A finished picture.
public struct Picture: Sendable, Equatable {
    /// The file's name without ".png".
    public var name: String
    /// What it shows, for a heading.
    public var title: String
    /// A PNG file.
    public var png: [UInt8]

    init(name: String, title: String, canvas: Canvas) throws(DrawingError) {
        self.name = name
        self.title = title
        png = try canvas.png()
    }
}

/// What every picture of a run says at its foot: where its figures come from.
public struct PictureSource: Sendable, Equatable {
    /// Such as "A-1, seed 1, fashion-mnist".
    public var text: String
    /// Made-up data: the picture says so in large letters.
    public var isSynthetic: Bool

    public init(text: String, isSynthetic: Bool) {
        self.text = text
        self.isSynthetic = isSynthetic
    }

    /// The height of what `draw` puts at the top.
    var bannerHeight: Double { isSynthetic ? 34 : 0 }

    /// The foot line's height.
    static let footHeight = 22.0

    /// Draws the banner over the top and the source in the last line.
    func draw(on canvas: Canvas) {
        if isSynthetic {
            let band = Rectangle(x: 0, y: 0, width: canvas.width, height: bannerHeight)
            canvas.fill(band, .mistake)
            let style = canvas.fitting(
                PictureSource.warning, TextStyle(size: 20, isBold: true, color: .white), width: band.width - 16)
            canvas.text(PictureSource.warning, at: band.center, style, .center)
        }
        let style = TextStyle(size: 11, color: .faint)
        canvas.text(
            canvas.cut(text, style, width: canvas.width - 16),
            at: Point(x: canvas.width - 8, y: canvas.height - Self.footHeight / 2), style, .trailing)
    }

    static let warning = "SYNTHETIC DATA: these figures mean nothing"
}
