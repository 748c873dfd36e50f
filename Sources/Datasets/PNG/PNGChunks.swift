import CZlib

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
