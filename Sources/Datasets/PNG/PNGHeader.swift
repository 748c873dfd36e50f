/// The first chunk of a PNG file, if it says what can be read.
struct PNGHeader {
    let height: Int
    let width: Int
    let channels: Int

    init(_ chunk: PNGChunk, file: String) throws(DatasetError) {
        guard chunk.type == "IHDR", chunk.content.count == 13 else {
            throw .image(file: file, problem: "it does not begin with a header of 13 bytes")
        }
        let fields = Array(chunk.content)
        let (depth, colour) = (fields[8], fields[9])
        switch colour {
        case 0: channels = 1
        case 2: channels = 3
        case 3: throw .image(file: file, problem: "it has a palette: save it as grey or RGB")
        case 4, 6: throw .image(file: file, problem: "it has an alpha channel: save it as grey or RGB")
        default: throw .image(file: file, problem: "its colour type \(colour) does not exist")
        }
        guard depth == 8 else { throw .image(file: file, problem: "it has \(depth) bits a value, expected 8") }
        guard fields[10] == 0, fields[11] == 0 else {
            throw .image(file: file, problem: "its compression or filter method does not exist")
        }
        guard fields[12] == 0 else {
            throw .image(file: file, problem: "it is interlaced: save it without interlacing")
        }
        width = fields[0..<4].reduce(0) { $0 << 8 | Int($1) }
        height = fields[4..<8].reduce(0) { $0 << 8 | Int($1) }
        guard let count = ImageDataset.imageByteCount(height: height, width: width, channels: channels),
            count <= ImageFormat.imageByteLimit
        else {
            let expected = "1 to 65535 each way and at most \(ImageFormat.imageByteLimit) bytes"
            throw .image(file: file, problem: "it is \(height)×\(width)×\(channels), expected \(expected)")
        }
    }

    /// Bytes of a row of pixels.
    var rowByteCount: Int { width * channels }

    /// Bytes of all rows, each with the number of its filter before it.
    var filteredByteCount: Int { height * (rowByteCount + 1) }

    func check(_ format: ImageFormat, file: String) throws(DatasetError) {
        guard height == format.height, width == format.width, channels == format.channels else {
            throw .image(
                file: file,
                problem: "it is \(height)×\(width)×\(channels), expected \(format.sizeText) (height, width, channels), "
                    + "the size that the model takes")
        }
    }
}
