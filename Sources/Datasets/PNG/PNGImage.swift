/// A picture in a PNG file: 8 bits a value, grey or RGB, not interlaced (ISO/IEC 15948).
package struct PNGImage: Sendable, Equatable {
    package var height: Int
    package var width: Int
    /// 1 grey, 3 RGB.
    package var channels: Int
    /// `[height, width, channels]`
    package var pixels: [UInt8]

    /// Decodes the bytes of a file; `name` stands in errors. `expected`, if given, is the size that the picture must have.
    ///
    /// Throws `DatasetError.image` for anything that is damaged, cut short, unsupported or of another size. Sizes are
    /// checked before memory is taken, the CRC of every chunk before it is used.
    package static func decode(
        bytes: [UInt8], name: String, expected: ImageFormat? = nil
    ) throws(DatasetError) -> PNGImage {
        var chunks = try PNGChunks(bytes, file: name)
        let first = try chunks.next()
        let header = try PNGHeader(first, file: name)
        if let expected { try header.check(expected, file: name) }
        var data = try PNGData(byteCount: header.filteredByteCount, file: name)
        var dataHasEnded = false
        while true {
            let chunk = try chunks.next()
            switch chunk.type {
            case "IDAT":
                guard !dataHasEnded else { throw .image(file: name, problem: "its IDAT chunks are apart") }
                try data.append(chunk.content)
                continue
            case "IEND":
                guard chunks.isAtEnd, chunk.content.isEmpty else {
                    throw .image(file: name, problem: "something follows its end")
                }
                let rows = try data.finish()
                let pixels = try PNGFilters.undo(rows, header: header, file: name)
                return PNGImage(height: header.height, width: header.width, channels: header.channels, pixels: pixels)
            case "tRNS": throw .image(file: name, problem: "it has a transparent colour: save it without transparency")
            case "PLTE" where header.channels == 3: break
            default:
                guard chunk.isAncillary else {
                    throw .image(file: name, problem: "it has a chunk that is not known: \(chunk.type)")
                }
            }
            dataHasEnded = data.hasBegun
        }
    }
}
