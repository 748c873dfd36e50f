/// A finished picture.
package struct Picture: Sendable, Equatable {
    /// The file's name without ".png".
    package var name: String
    /// What it shows, for a heading.
    package var title: String
    /// A PNG file.
    package var png: [UInt8]

    init(name: String, title: String, canvas: Canvas) throws(DrawingError) {
        self.name = name
        self.title = title
        png = try canvas.png()
    }
}
