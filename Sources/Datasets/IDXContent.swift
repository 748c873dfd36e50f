import Core

/// One IDX file, read to its end and checked against its own header.
struct IDXContent {
    let header: [UInt8]
    let dimensions: [Int]
    let payload: [UInt8]

    /// SHA-256 of the whole unpacked file.
    var digest: SHA256Digest {
        var hasher = SHA256Hasher()
        header.withUnsafeBytes { hasher.update($0) }
        payload.withUnsafeBytes { hasher.update($0) }
        return hasher.finish()
    }

    /// Reads a file whose magic must be `magic` and, where given, whose dimensions must be `dimensions`.
    ///
    /// The payload is allocated after the header is checked, never larger than the header demands, and filled a window at a
    /// time, so that memory is touched only as bytes really come.
    static func read<Source: ByteSource & ~Copyable>(
        from source: consuming Source, file: String, magic: UInt32, dimensions expected: [Int]?
    ) throws(DatasetError) -> IDXContent {
        let headerByteCount = 4 + 4 * Int(magic & 0xFF)
        let header = try bytes(headerByteCount, from: &source)
        if header.count >= 4 {
            let found = word(of: header, at: 0)
            guard found == magic else { throw .malformed(file: file, problem: .magic(found: found, expected: magic)) }
        }
        guard header.count == headerByteCount else {
            let problem = IDXProblem.truncatedHeader(byteCount: header.count, expected: headerByteCount)
            throw .malformed(file: file, problem: problem)
        }
        let dimensions = stride(from: 4, to: headerByteCount, by: 4).map { Int(word(of: header, at: $0)) }
        let payloadByteCount = try payloadByteCount(of: dimensions, expected: expected, file: file)
        let payload = try bytes(payloadByteCount, from: &source)
        guard payload.count == payloadByteCount else {
            let problem = IDXProblem.truncated(
                byteCount: headerByteCount + payload.count, expected: headerByteCount + payloadByteCount)
            throw .malformed(file: file, problem: problem)
        }
        guard try bytes(1, from: &source).isEmpty else {
            throw .malformed(file: file, problem: .oversized(expected: headerByteCount + payloadByteCount))
        }
        return IDXContent(header: header, dimensions: dimensions, payload: payload)
    }

    /// The product of the dimensions, each at least 1, if it stays within what any file may hold.
    private static func payloadByteCount(
        of dimensions: [Int], expected: [Int]?, file: String
    ) throws(DatasetError) -> Int {
        if let expected, dimensions != expected {
            let text = expected.map(String.init).joined(separator: " × ")
            throw .malformed(file: file, problem: .dimensions(found: dimensions, expected: text))
        }
        var product = 1
        for dimension in dimensions {
            let (partial, overflow) = product.multipliedReportingOverflow(by: dimension)
            guard !overflow, partial > 0, partial <= IDXFile.maximumPayloadByteCount else {
                let text = "at least 1 each and at most \(IDXFile.maximumPayloadByteCount) bytes together"
                throw .malformed(file: file, problem: .dimensions(found: dimensions, expected: text))
            }
            product = partial
        }
        return product
    }

    /// Up to `count` bytes; fewer only if the source ends.
    private static func bytes<Source: ByteSource & ~Copyable>(
        _ count: Int, from source: inout Source
    ) throws(DatasetError) -> [UInt8] {
        var failure: DatasetError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { target, filledCount in
            let target = UnsafeMutableRawBufferPointer(target)
            do throws(DatasetError) {
                while filledCount < count {
                    let windowEnd = min(count, filledCount + windowByteCount)
                    let window = UnsafeMutableRawBufferPointer(rebasing: target[filledCount..<windowEnd])
                    let readCount = try source.read(into: window)
                    if readCount == 0 { break }
                    filledCount += readCount
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    private static let windowByteCount = 64 << 10

    private static func word(of header: [UInt8], at offset: Int) -> UInt32 {
        header[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}
