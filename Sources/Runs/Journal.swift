package import Core
import Glibc

/// One record of a journal. The caller defines the kinds.
package struct JournalRecord: Sendable, Equatable {
    package var kind: UInt8
    package var payload: [UInt8]

    package init(kind: UInt8, payload: [UInt8]) {
        self.kind = kind
        self.payload = payload
    }
}

/// An append-only file of small records that can be read after a torn write.
///
/// A record is the payload's length (4 bytes), a CRC-32C over length, kind and payload (4 bytes), the kind (1 byte) and
/// the payload; numbers are little-endian. Opening truncates the file at the first damaged record.
///
/// It has one writer. Where locks do not hold on other hosts, a second coordinator may open it and append its term:
/// before each write the first one finds the file longer than it left it, and writes no more.
package final class Journal {
    /// The longest payload, in bytes.
    package static let payloadByteLimit = 1 << 16
    /// The longest journal that is opened, in bytes.
    package static let byteLimit = 1 << 30

    static let headByteCount = 9

    package let path: String
    /// The records that were intact when the journal was opened.
    package let recovered: [JournalRecord]
    /// How many damaged bytes at the end were discarded when the journal was opened.
    package let discardedByteCount: Int

    /// When something was written before the journal was opened; nil for an empty one.
    package let lastWritten: MonotonicTime?

    private let folder: OpenFolder
    private let name: String
    private let files: FileOperations
    private let descriptor: Int32
    /// Offset of the next record. It overwrites the rest of a failed append.
    private var byteCount: Int
    /// How far a failed append may have written.
    private var tornByteCount = 0
    /// Why nothing is written any more. After a failed synchronization the system may have dropped what it could not
    /// write, and would report success for the next one: the descriptor is not used again.
    private var failure: FileError?

    /// Opens the journal or creates an empty one, whose name is durable. The caller holds the run directory's lock.
    package init(in folder: OpenFolder, name: String) throws(FileError) {
        let (files, path) = (folder.files, folder.path(name))
        let descriptor = try folder.open(name, O_RDWR | O_CREAT)
        do {
            // The process that created the file may have died before its name was durable.
            try folder.synchronize()
            let bytes = try files.read(descriptor, path, byteLimit: Self.byteLimit)
            lastWritten = bytes.isEmpty ? nil : files.lastChange(of: descriptor)
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
        self.folder = folder
        self.name = name
        self.files = files
        self.descriptor = descriptor
    }

    deinit { files.closeQuietly(descriptor) }

    /// The intact records of a journal, read without its lock. The file is not changed.
    package static func records(
        path: String, files: FileOperations = FileOperations()
    ) throws(FileError) -> [JournalRecord] {
        records(try files.read(path, byteLimit: byteLimit))
    }

    /// The intact records of a journal's bytes.
    package static func records(_ bytes: [UInt8]) -> [JournalRecord] { wholeRecords(bytes).records }

    /// Throws `ESTALE` where another process has written to the journal or replaced it: that one leads the run now.
    /// Every further call throws the same error.
    package func checkSoleWriter() throws(FileError) {
        if let failure { throw failure }
        guard let size = folder.currentByteCount(of: name), size < byteCount || size > max(byteCount, tornByteCount)
        else { return }
        let error = FileError(operation: .write, path: path, code: ESTALE)
        failure = error
        throw error
    }

    /// Appends a record. After a failure the journal is unchanged, and the call may be repeated unless another process
    /// writes.
    package func append(_ record: JournalRecord) throws(FileError) {
        precondition(record.payload.count <= Self.payloadByteLimit, "a journal record longer than its limit")
        try checkSoleWriter()
        let bytes = Self.encoded(record)
        do throws(FileError) {
            try bytes.span.bytes.withUnsafeBytes { buffer throws(FileError) in
                try files.write(buffer, to: descriptor, at: byteCount, path)
            }
        } catch {
            tornByteCount = max(tornByteCount, byteCount + bytes.count)
            throw error
        }
        byteCount += bytes.count
    }

    /// Makes all appended records durable. After a failure the end of the journal is unknown: every further call throws
    /// the same error.
    package func synchronize() throws(FileError) {
        if let failure { throw failure }
        do throws(FileError) {
            try files.synchronize(descriptor, path)
        } catch {
            failure = error
            throw error
        }
    }
}

extension Journal {
    static func encoded(_ record: JournalRecord) -> [UInt8] {
        var length = ByteWriter()
        length.append(UInt32(record.payload.count))
        let body = [record.kind] + record.payload
        var writer = ByteWriter(reservingByteCount: headByteCount + record.payload.count)
        writer.append(contentsOf: length.bytes)
        writer.append(CRC32C.checksum(body, continuing: CRC32C.checksum(length.bytes)))
        writer.append(contentsOf: body)
        return writer.bytes
    }

    /// The records before the first damage, and how many bytes they have.
    static func wholeRecords(_ bytes: [UInt8]) -> (records: [JournalRecord], byteCount: Int) {
        var records: [JournalRecord] = []
        var reader = ByteReader(bytes)
        var byteCount = 0
        while let length = reader.bytes(4).map({ Array($0) }), let checksum = reader.integer(UInt32.self) {
            var field = ByteReader(length)
            guard let payloadByteCount = field.integer(UInt32.self), payloadByteCount <= payloadByteLimit,
                let body = reader.bytes(Int(payloadByteCount) + 1).map({ Array($0) }),
                CRC32C.checksum(body, continuing: CRC32C.checksum(length)) == checksum
            else { break }
            records.append(JournalRecord(kind: body[0], payload: Array(body.dropFirst())))
            byteCount = reader.offset
        }
        return (records, byteCount)
    }
}
