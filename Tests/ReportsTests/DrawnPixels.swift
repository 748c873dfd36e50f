import CCairo
import Testing

@testable import Reports

/// A picture's file, read back.
struct DrawnPixels {
    let width: Int
    let height: Int
    /// Row after row, 0xRRGGBB.
    private let words: [UInt32]

    init(png: [UInt8]) throws {
        var rest = png[...]
        let surface = withUnsafeMutablePointer(to: &rest) { source in
            cairo_image_surface_create_from_png_stream(
                { source, target, count in
                    guard let bytes = source?.assumingMemoryBound(to: ArraySlice<UInt8>.self), let target,
                        bytes.pointee.count >= Int(count)
                    else { return CAIRO_STATUS_READ_ERROR }
                    for offset in 0..<Int(count) { target[offset] = bytes.pointee.removeFirst() }
                    return CAIRO_STATUS_SUCCESS
                }, source)
        }
        defer { cairo_surface_destroy(surface) }
        try #require(cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS)
        let bytes = try #require(cairo_image_surface_get_data(surface))
        let stride = Int(cairo_image_surface_get_stride(surface))
        width = Int(cairo_image_surface_get_width(surface))
        height = Int(cairo_image_surface_get_height(surface))
        var words: [UInt32] = []
        for y in 0..<height {
            let row = UnsafeRawPointer(bytes + y * stride)
            for x in 0..<width { words.append(row.load(fromByteOffset: 4 * x, as: UInt32.self) & 0xFFFFFF) }
        }
        self.words = words
    }

    subscript(x: Int, y: Int) -> UInt32 { words[y * width + x] }

    /// Pixels of exactly this colour.
    func count(_ color: Color) -> Int {
        let word = Self.word(color)
        return words.count { $0 == word }
    }

    /// Pixels that are not white.
    var inkCount: Int { words.count { $0 != 0xFFFFFF } }

    static func word(_ color: Color) -> UInt32 {
        [color.red, color.green, color.blue].reduce(0) { $0 << 8 | UInt32(($1 * 255).rounded()) }
    }
}
