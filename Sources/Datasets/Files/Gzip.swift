import CZlib

/// What one gzip member unpacks to, inflated through a fixed window; its CRC-32 and length are verified by zlib.
///
/// Refuses a damaged or cut stream, and anything after the member: a second member would be silently dropped by some
/// readers and appended by others.
struct GzipSource<Packed: ByteSource & ~Copyable>: ByteSource, ~Copyable {
    private var packed: Packed
    private let file: String
    private let memory: InflateMemory
    private var isFinished = false

    init(_ packed: consuming Packed, file: String) throws(DatasetError) {
        guard let memory = InflateMemory() else {
            throw .unreadable(file: file, reason: "zlib has no memory left")
        }
        self.packed = packed
        self.file = file
        self.memory = memory
    }

    private var stream: UnsafeMutablePointer<z_stream> { memory.stream }
    private var window: UnsafeMutableRawBufferPointer { memory.window }

    mutating func read(into output: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        guard !isFinished, let start = output.baseAddress, let outputCount = UInt32(exactly: output.count) else {
            return 0
        }
        stream.pointee.next_out = start.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = outputCount
        while !isFinished, stream.pointee.avail_out > 0 {
            if stream.pointee.avail_in == 0 { try refill() }
            switch inflate(stream, Z_NO_FLUSH) {
            case Z_OK: continue
            case Z_STREAM_END: try finish()
            case Z_MEM_ERROR: throw .unreadable(file: file, reason: "zlib has no memory left")
            default: throw .compression(file: file, problem: message() ?? "it is damaged")
            }
        }
        return output.count - Int(stream.pointee.avail_out)
    }

    private mutating func refill() throws(DatasetError) {
        let count = try packed.read(into: window)
        guard count > 0 else { throw .compression(file: file, problem: "it is cut short") }
        stream.pointee.next_in = window.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_in = UInt32(truncatingIfNeeded: count)
    }

    /// The member is whole and its checksum right: nothing may follow it.
    private mutating func finish() throws(DatasetError) {
        isFinished = true
        var rest = Int(stream.pointee.avail_in)
        if rest == 0 { rest = try packed.read(into: window) }
        guard rest == 0 else { throw .compression(file: file, problem: "something follows its only member") }
    }

    private func message() -> String? {
        stream.pointee.msg.map { String(cString: $0) }
    }
}

/// What zlib needs while it inflates. A class, because the compiler (Swift 6.3) can leave out the deinit of a generic
/// structure that cannot be copied.
private final class InflateMemory {
    let stream: UnsafeMutablePointer<z_stream>
    let window: UnsafeMutableRawBufferPointer

    /// Nil when zlib finds no memory.
    init?() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        window = .allocate(byteCount: 64 << 10, alignment: 16)
        guard selvedge_inflate_gzip_start(stream) == Z_OK else { return nil }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        window.deallocate()
    }
}

/// Packing of whole files in memory.
enum Gzip {
    /// One gzip member without a name or a time, so equal bytes pack to equal bytes under one zlib.
    static func packed(_ bytes: [UInt8], level: Int32 = 6) -> [UInt8] {
        var stream = z_stream()
        precondition(selvedge_deflate_gzip_start(&stream, level) == Z_OK, "zlib refuses level \(level)")
        defer { deflateEnd(&stream) }
        let capacity = Int(deflateBound(&stream, UInt(bytes.count)))
        var bytes = bytes
        return bytes.withUnsafeMutableBufferPointer { input in
            [UInt8](unsafeUninitializedCapacity: capacity) { output, filledCount in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(capacity)
                precondition(deflate(&stream, Z_FINISH) == Z_STREAM_END, "deflateBound is too small")
                filledCount = capacity - Int(stream.avail_out)
            }
        }
    }
}
