import Testing

@testable import Reports

@Suite struct CanvasTests {
    private func drawn(_ body: (Canvas) -> Void) throws -> [UInt8] {
        let canvas = try Canvas(width: 40, height: 20)
        body(canvas)
        return try canvas.png()
    }

    @Test func aPictureHasTwoPixelsForEachOfTheLayout() throws {
        let pixels = try DrawnPixels(png: drawn { $0.fill(Rectangle(x: 10, y: 5, width: 4, height: 2), .mistake) })
        #expect(pixels.width == 80 && pixels.height == 40)
        #expect(pixels.count(.mistake) == 8 * 4)
        #expect(pixels[20, 10] == DrawnPixels.word(.mistake) && pixels[19, 10] == 0xFFFFFF)
    }

    @Test func aVeryLargePictureHasOneForEach() throws {
        let pixels = try DrawnPixels(png: Canvas(width: 3001, height: 1000).png())
        #expect(pixels.width == 3001 && pixels.height == 1000)
    }

    @Test func equalDrawingsGiveEqualFiles() throws {
        func draw(_ canvas: Canvas) {
            canvas.text("Ankle boot", at: Point(x: 2, y: 10))
            canvas.line([Point(x: 0, y: 0), Point(x: 40, y: 20)], .ink)
        }
        #expect(try drawn(draw) == drawn(draw))
    }

    @Test func textIsDrawnWhereItsAnchorSays() throws {
        let leading = try DrawnPixels(png: drawn { $0.text("mmm", at: Point(x: 20, y: 10), TextStyle(size: 8)) })
        let trailing = try DrawnPixels(
            png: drawn { $0.text("mmm", at: Point(x: 20, y: 10), TextStyle(size: 8), .trailing) })
        func inkColumns(_ pixels: DrawnPixels) -> [Int] {
            (0..<pixels.width).filter { x in (0..<pixels.height).contains { pixels[x, $0] != 0xFFFFFF } }
        }
        let (right, left) = (inkColumns(leading), inkColumns(trailing))
        #expect(try #require(right.first) >= 39 && #require(left.last) <= 40)
        #expect(!right.isEmpty && right.count == left.count)
    }

    @Test func longTextIsCutOrMadeSmaller() throws {
        let canvas = try Canvas(width: 200, height: 20)
        let style = TextStyle(size: 12)
        let name = "a very long name of a class"
        let cut = canvas.cut(name, style, width: 80)
        #expect(cut.hasSuffix("…") && cut.count > 3 && canvas.width(of: cut, style) <= 80)
        #expect(canvas.cut("short", style, width: 80) == "short")
        let smaller = canvas.fitting(name, style, width: 150)
        #expect(smaller.size < 12 && canvas.width(of: name, smaller) <= 150)
    }

    @Test func imagesKeepSharpPixelsAndTheirColours() throws {
        let grey = PixelImage(height: 1, width: 2, channels: 1, pixels: [0, 200])
        let colour = PixelImage(height: 1, width: 1, channels: 3, pixels: [255, 0, 10])
        let pixels = try DrawnPixels(
            png: drawn {
                $0.image(grey, in: Rectangle(x: 0, y: 0, width: 20, height: 10))
                $0.image(colour, in: Rectangle(x: 20, y: 10, width: 20, height: 10))
            })
        #expect(pixels[19, 10] == 0 && pixels[20, 10] == 0xC8C8C8)
        #expect(pixels[60, 30] == 0xFF000A)
    }

    @Test func theHeatScaleGoesFromWhiteToDarkWithLegibleInk() {
        #expect(HeatScale.color(0) == .white)
        #expect(HeatScale.color(2) == HeatScale.color(1))
        for step in 0...20 {
            let share = Double(step) / 20
            let (paper, ink) = (HeatScale.color(share).luminance, HeatScale.ink(share).luminance)
            #expect(abs(paper - ink) > 0.3, "\(share)")
        }
    }

    @Test func namesThatNoFontCanDrawAreNoted() {
        guard PictureFont.note() == nil else { return }
        #expect(PictureFont.note(names: ["Ankle boot", "été"]) == nil)
        // Of a plane for private use.
        #expect(PictureFont.note(names: ["Ankle boot", "x\u{F0000}"])?.contains("fonts-noto-cjk") == true)
    }
}
