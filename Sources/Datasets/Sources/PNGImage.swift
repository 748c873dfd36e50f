import CZlib

/// A picture in a PNG file: 8 bits a value, grey or RGB, not interlaced (ISO/IEC 15948).
package struct PNGImage: Sendable, Equatable {
    package var height: Int
    package var width: Int
    /// 1 grey, 3 RGB.
    package var channels: Int
    /// `[height, width, channels]`
    package var pixels: [UInt8]

    /// Decodes the bytes of a file; `name` is the file's name in errors. `expected`, if given, is the size that the
    /// picture must have.
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
                    throw .image(file: name, problem: "it has an unknown chunk: \(chunk.type)")
                }
            }
            dataHasEnded = data.hasBegun
        }
    }
}

/// The first chunk of a PNG file, if images of its kind are supported.
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

/// One chunk of a PNG file, its CRC checked.
struct PNGChunk {
    /// Four letters.
    let type: String
    let content: ArraySlice<UInt8>

    /// Whether a reader may pass it over: its first letter is small.
    var isAncillary: Bool { type.utf8.first.map { $0 & 0x20 != 0 } ?? false }
}

/// The chunks of a PNG file, one after another.
struct PNGChunks {
    private let bytes: [UInt8]
    private let file: String
    private var place: Int

    private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    init(_ bytes: [UInt8], file: String) throws(DatasetError) {
        guard bytes.starts(with: Self.signature) else {
            throw .image(file: file, problem: "it does not begin with PNG's signature")
        }
        self.bytes = bytes
        self.file = file
        place = Self.signature.count
    }

    var isAtEnd: Bool { place == bytes.count }

    mutating func next() throws(DatasetError) -> PNGChunk {
        guard bytes.count - place >= 12 else { throw .image(file: file, problem: "it is cut short") }
        let length = word(at: place)
        guard length <= bytes.count - place - 12 else { throw .image(file: file, problem: "it is cut short") }
        let typeRange = place + 4..<place + 8
        guard bytes[typeRange].allSatisfy({ (0x41...0x5A).contains($0 & ~0x20) }) else {
            throw .image(file: file, problem: "it is damaged: a chunk's type is not four letters")
        }
        let type = String(decoding: bytes[typeRange], as: UTF8.self)
        let content = place + 8..<place + 8 + length
        guard checksum(of: typeRange.lowerBound..<content.upperBound) == word(at: content.upperBound) else {
            throw .image(file: file, problem: "it is damaged: the CRC of its chunk \(type) is wrong")
        }
        place = content.upperBound + 4
        return PNGChunk(type: type, content: bytes[content])
    }

    private func word(at place: Int) -> Int {
        bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
    }

    /// A file is far shorter than 4 GiB, see `PNGFolder.fileByteLimit`.
    private func checksum(of range: Range<Int>) -> Int {
        bytes[range].withUnsafeBufferPointer { part in
            Int(crc32(0, part.baseAddress, UInt32(truncatingIfNeeded: part.count)))
        }
    }
}

/// The compressed rows of a PNG file, inflated piece by piece into memory of exactly their size.
struct PNGData: ~Copyable {
    private let file: String
    private let stream: UnsafeMutablePointer<z_stream>
    private let rows: UnsafeMutableBufferPointer<UInt8>
    private(set) var hasBegun = false
    private var isFinished = false

    init(byteCount: Int, file: String) throws(DatasetError) {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard selvedge_inflate_zlib_start(stream) == Z_OK else {
            stream.deallocate()
            throw .unreadable(file: file, reason: "zlib has no memory left")
        }
        self.file = file
        self.stream = stream
        rows = .allocate(capacity: byteCount)
        stream.pointee.next_out = rows.baseAddress
        stream.pointee.avail_out = UInt32(byteCount)
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        rows.deallocate()
    }

    /// Inflates the content of the next IDAT chunk.
    mutating func append(_ content: ArraySlice<UInt8>) throws(DatasetError) {
        hasBegun = true
        guard !content.isEmpty else { return }
        guard !isFinished else { throw tooMuch }
        // A local copy: zlib's fields want a mutable pointer, and write nothing through it.
        var input = Array(content)
        let (code, rest) = input.withUnsafeMutableBufferPointer { input in
            stream.pointee.next_in = input.baseAddress
            stream.pointee.avail_in = UInt32(truncatingIfNeeded: input.count)
            return (inflate(stream, Z_NO_FLUSH), Int(stream.pointee.avail_in))
        }
        switch code {
        case Z_STREAM_END: isFinished = true
        case Z_OK: break
        // The stream holds more than the image.
        case Z_BUF_ERROR: throw tooMuch
        default:
            let reason = stream.pointee.msg.map { String(cString: $0) } ?? "it cannot be inflated"
            throw .image(file: file, problem: "its data are damaged: \(reason)")
        }
        guard rest == 0 else { throw tooMuch }
    }

    /// The rows, once all of them are inflated and zlib has checked its checksum.
    consuming func finish() throws(DatasetError) -> [UInt8] {
        guard isFinished, stream.pointee.avail_out == 0 else {
            throw .image(file: file, problem: "its data end before its last row")
        }
        return Array(rows)
    }

    private var tooMuch: DatasetError { .image(file: file, problem: "its data continue after its last row") }
}

/// Undoes the filters of a PNG file's rows: each byte was written as its difference from a prediction by the byte one
/// pixel to the left (a), the one above (b) and the one above that to the left (c), which are 0 beyond the edges.
enum PNGFilters {
    /// `rows` holds each row with the number of its filter before it.
    static func undo(_ rows: [UInt8], header: PNGHeader, file: String) throws(DatasetError) -> [UInt8] {
        let (rowByteCount, step) = (header.rowByteCount, header.channels)
        var pixels = [UInt8](repeating: 0, count: header.height * rowByteCount)
        for y in 0..<header.height {
            let filter = rows[y * (rowByteCount + 1)]
            guard filter <= 4 else {
                throw .image(
                    file: file, problem: "its data are damaged: row \(y) has filter \(filter), expected 0 to 4")
            }
            let row = y * rowByteCount
            for x in 0..<rowByteCount {
                let a = x >= step ? pixels[row + x - step] : 0
                let b = y > 0 ? pixels[row + x - rowByteCount] : 0
                let c = x >= step && y > 0 ? pixels[row + x - rowByteCount - step] : 0
                let difference = rows[y * (rowByteCount + 1) + 1 + x]
                pixels[row + x] = difference &+ prediction(filter, a, b, c)
            }
        }
        return pixels
    }

    private static func prediction(_ filter: UInt8, _ a: UInt8, _ b: UInt8, _ c: UInt8) -> UInt8 {
        switch filter {
        case 1: a
        case 2: b
        case 3: UInt8((Int(a) + Int(b)) / 2)
        case 4: paeth(a, b, c)
        default: 0
        }
    }

    /// The neighbour nearest to a + b − c; of equally near ones a before b before c.
    private static func paeth(_ a: UInt8, _ b: UInt8, _ c: UInt8) -> UInt8 {
        let estimate = Int(a) + Int(b) - Int(c)
        let (distanceA, distanceB, distanceC) = (abs(estimate - Int(a)), abs(estimate - Int(b)), abs(estimate - Int(c)))
        if distanceA <= distanceB && distanceA <= distanceC { return a }
        return distanceB <= distanceC ? b : c
    }
}
