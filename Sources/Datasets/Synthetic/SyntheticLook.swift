/// How one made-up garment looks. Everything is whole numbers; lengths are half pixels from the image's centre.
struct SyntheticLook {
    let label: Int
    private let garment: SyntheticGarment
    private let shiftX: Int
    private let shiftY: Int
    /// In 256ths.
    private let scaleX: Int
    private let scaleY: Int
    private let base: Int
    /// Change of brightness from the centre to an edge.
    private let light: Int
    private let texture: Texture
    private let textureStrength: Int
    private let isMirrored: Bool

    private enum Texture: UInt32 { case plain, stripes, bars, checks }

    /// Each property has words or bits of its own.
    init(_ first: SIMD4<UInt32>, _ second: SIMD4<UInt32>) {
        label = Int(first[0] % 10)
        garment = SyntheticGarment.all[label]
        shiftX = 2 * (Int(first[1] % 5) - 2)
        shiftY = 2 * (Int(first[2] % 5) - 2)
        scaleX = 215 + Int(first[3] % 82)
        scaleY = 215 + Int(second[0] % 82)
        base = 90 + Int(second[1] % 110)
        light = Int(second[2] % 81) - 40
        texture = Texture(rawValue: second[3] >> 30) ?? .plain
        textureStrength = 10 + Int(second[3] % 40)
        isMirrored = garment.isOneSided && second[1] >> 31 == 1
    }

    /// One row of pixels.
    struct Row {
        fileprivate let look: SyntheticLook
        fileprivate let v: Int
        /// Where the garment's parts begin and end, the uppermost part first.
        fileprivate let spans: [(range: Range<Int>, shade: Int)]

        /// 0 for black; may be beyond what a byte holds.
        func brightness(x: Int, noise: UInt32) -> Int {
            let place = (2 * x - 27 - look.shiftX) * 256 / look.scaleX
            let u = look.isMirrored ? -place : place
            for span in spans where span.range.contains(u) {
                return look.base + span.shade + u * look.light / 28 + look.textureAt(u, v) + Int(noise >> 26) - 32
            }
            // A speck here and there.
            return noise >> 26 == 0 ? Int(noise & 63) : 0
        }
    }

    func row(_ y: Int) -> Row {
        let v = (2 * y - 27 - shiftY) * 256 / scaleY
        let spans = garment.parts.reversed().compactMap { part in
            part.span(v).map { (range: $0, shade: part.shade) }
        }
        return Row(look: self, v: v, spans: spans)
    }

    private func textureAt(_ u: Int, _ v: Int) -> Int {
        let (column, row) = ((u + 64) / 4 % 2, (v + 64) / 4 % 2)
        switch texture {
        case .plain: return 0
        case .stripes: return row * textureStrength
        case .bars: return column * textureStrength
        case .checks: return (row ^ column) * textureStrength
        }
    }
}
