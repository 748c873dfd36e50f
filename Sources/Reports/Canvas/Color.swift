/// An opaque colour: each part from 0 to 1.
struct Color: Equatable {
    var red: Double
    var green: Double
    var blue: Double

    init(_ red: Double, _ green: Double, _ blue: Double) {
        self.red = red
        self.green = green
        self.blue = blue
    }

    /// From six hexadecimal digits, as 0xRRGGBB.
    init(_ code: UInt32) {
        self.init(Double(code >> 16 & 0xFF) / 255, Double(code >> 8 & 0xFF) / 255, Double(code & 0xFF) / 255)
    }

    static let white = Color(0xFFFFFF)
    static let ink = Color(0x1F2328)
    static let faint = Color(0x59636E)
    static let grid = Color(0xD9DEE4)
    static let mistake = Color(0xC62828)
    static let correct = Color(0x1B6E3C)

    /// Colours that stay apart on white, also for most colour-blind readers (after Okabe and Ito, darkened for lines).
    static let series = [
        Color(0x0072B2), Color(0xD55E00), Color(0x009E73), Color(0xA0528D), Color(0xB8860B), Color(0x2F9BD0),
        Color(0x6B6B6B), Color(0x7A4A1E),
    ]

    /// The colour of a share of the way to `other`.
    func mixed(with other: Color, share: Double) -> Color {
        Color(
            red + (other.red - red) * share, green + (other.green - green) * share, blue + (other.blue - blue) * share)
    }

    /// How bright it looks, from 0 to 1 (the weights of Rec. 709).
    var luminance: Double { 0.2126 * red + 0.7152 * green + 0.0722 * blue }
}

/// From white over blue to nearly black, for shares from 0 to 1.
enum HeatScale {
    private static let stops = [Color(0xFFFFFF), Color(0xC6DBEF), Color(0x6BAED6), Color(0x2171B5), Color(0x08306B)]

    static func color(_ share: Double) -> Color {
        let place = min(max(share, 0), 1) * Double(stops.count - 1)
        let index = min(Int(place), stops.count - 2)
        return stops[index].mixed(with: stops[index + 1], share: place - Double(index))
    }

    /// What can be read on that colour.
    static func ink(_ share: Double) -> Color { color(share).luminance < 0.5 ? .white : .ink }
}
