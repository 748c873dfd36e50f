import CZlib

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
