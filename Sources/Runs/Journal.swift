import Core
import Glibc

/// One record of a journal; what kinds mean is the caller's matter.
package struct JournalRecord: Sendable, Equatable {
    package var kind: UInt8
    package var payload: [UInt8]

    package init(kind: UInt8, payload: [UInt8]) {
        self.kind = kind
        self.payload = payload
    }
}

/// An append-only file of small records that survives a torn end.
///
/// A record is the payload's length (4 bytes), a CRC-32C over length, kind and payload (4 bytes), the kind (1 byte) and
/// the payload; numbers are little-endian. Opening cuts the file at the first record that is not whole.
package final class Journal {
    /// The longest payload, in bytes.
    package static let payloadByteLimit = 1 << 16
    /// The longest journal that is opened, in bytes.
    package static let byteLimit = 1 << 30

    static let headByteCount = 9

    package let path: String
    /// The records that were whole when the journal was opened.
    package let recovered: [JournalRecord]
    /// How many bytes of a torn end were cut off when the journal was opened.
    package let discardedByteCount: Int

    private let files: FileOperations
    private let descriptor: Int32
    /// Where the next record goes; what a failed append left behind it is written over.
    private var byteCount: Int

    /// Opens the journal or makes an empty one, whose name is durable. The caller holds the run directory's lock.
    package init(path: String, files: FileOperations = FileOperations()) throws(FileError) {
        let descriptor = try files.open(path, O_RDWR | O_CREAT)
        do {
            // Whoever made the file may have died before its name was durable.
            try files.synchronizeDirectory(PathText.parent(of: path))
            let bytes = try files.read(descriptor, path, byteLimit: Self.byteLimit)
            let (records, wholeByteCount) = Self.wholeRecords(bytes)
            if wholeByteCount < bytes.count {
                try files.truncate(descriptor, to: wholeByteCount, path)
                try files.synchronize(descriptor, path)
            }
            recovered = records
            discardedByteCount = bytes.count - wholeByteCount
            byteCount = wholeByteCount
        } catch {
            files.closeQuietly(descriptor)
            throw error
        }
        self.path = path
        self.files = files
        self.descriptor = descriptor
    }

    deinit { files.closeQuietly(descriptor) }

    /// The whole records of a journal that is only read, without its lock; nothing is cut off.
    package static func records(
        path: String, files: FileOperations = FileOperations()
    ) throws(FileError) -> [JournalRecord] {
        wholeRecords(try files.read(path, byteLimit: byteLimit)).records
    }

    /// Adds a record. After a failure the journal is as it was, and appending may be tried again.
    package func append(_ record: JournalRecord) throws(FileError) {
        precondition(record.payload.count <= Self.payloadByteLimit, "a journal record longer than its limit")
        let bytes = Self.encoded(record)
        try bytes.span.bytes.withUnsafeBytes { buffer throws(FileError) in
            try files.write(buffer, to: descriptor, at: byteCount, path)
        }
        byteCount += bytes.count
    }

    /// Makes what was appended durable. After a failure do not rely on the journal's end: close it and stop.
    package func synchronize() throws(FileError) {
        try files.synchronize(descriptor, path)
    }
}

extension Journal {
    static func encoded(_ record: JournalRecord) -> [UInt8] {
        let length = littleEndian(UInt32(record.payload.count))
        let body = [record.kind] + record.payload
        return length + littleEndian(checksum(length, body)) + body
    }

    private static func checksum(_ length: [UInt8], _ body: [UInt8]) -> UInt32 {
        let start = length.withUnsafeBytes { CRC32C.checksum($0) }
        return body.withUnsafeBytes { CRC32C.checksum($0, continuing: start) }
    }

    private static func littleEndian(_ value: UInt32) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    /// The records before the first damage, and how many bytes they take.
    static func wholeRecords(_ bytes: [UInt8]) -> (records: [JournalRecord], byteCount: Int) {
        var records: [JournalRecord] = []
        var offset = 0
        while bytes.count - offset >= headByteCount {
            let (length, stored) = bytes.withUnsafeBytes { buffer in
                (
                    Int(UInt32(littleEndian: buffer.loadUnaligned(fromByteOffset: offset, as: UInt32.self))),
                    UInt32(littleEndian: buffer.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self))
                )
            }
            guard length <= payloadByteLimit, bytes.count - offset - headByteCount >= length else { break }
            let end = offset + headByteCount + length
            let body = Array(bytes[offset + 8..<end])
            guard checksum(Array(bytes[offset..<offset + 4]), body) == stored else { break }
            records.append(JournalRecord(kind: body[0], payload: Array(body.dropFirst())))
            offset = end
        }
        return (records, offset)
    }
}
