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
