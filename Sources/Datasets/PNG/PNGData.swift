import CZlib

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
        // No room is left for what the stream goes on to hold.
        case Z_BUF_ERROR: throw tooMuch
        default:
            let reason = stream.pointee.msg.map { String(cString: $0) } ?? "it cannot be inflated"
            throw .image(file: file, problem: "its data are damaged: \(reason)")
        }
        guard rest == 0 else { throw tooMuch }
    }

    /// The rows, when all of them have come and zlib has found its checksum right.
    consuming func finish() throws(DatasetError) -> [UInt8] {
        guard isFinished, stream.pointee.avail_out == 0 else {
            throw .image(file: file, problem: "its data end before its last row")
        }
        return Array(rows)
    }

    private var tooMuch: DatasetError { .image(file: file, problem: "its data go on after its last row") }
}
