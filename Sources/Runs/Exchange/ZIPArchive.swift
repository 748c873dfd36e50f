import CZlib
import Core

/// Writes a ZIP archive whose files are stored without compression, in the order of the calls: the same files give the
/// same bytes. All have the date 1 January 1980, the first of the format.
package struct ZIPArchive: Sendable {
    private struct Entry {
        var name: [UInt8]
        var checksum: UInt32
        var byteCount: UInt32
        var offset: UInt32
    }

    /// Versions of the format, from 1990: 2.0.
    private static let version: UInt16 = 20
    /// The flag of names in UTF-8.
    private static let flags: UInt16 = 1 << 11
    private static let date: UInt16 = 1 << 5 | 1
    /// The format's older form, which every reader takes, has 32-bit offsets and 16-bit counts.
    private static let byteLimit = Int(UInt32.max)
    private static let entryLimit = Int(UInt16.max)

    private var bytes: [UInt8] = []
    private var entries: [Entry] = []
    /// Bytes of the directory at the end.
    private var directoryByteCount = 22

    package init() {}

    /// Adds a file.
    ///
    /// - Throws: `ArchiveError` for an archive above 4 GiB or 65,535 files.
    package mutating func add(_ name: String, _ content: [UInt8]) throws(ArchiveError) {
        let nameBytes = Array(name.utf8)
        precondition(nameBytes.count <= Int(UInt16.max), "a name that is too long for an archive")
        let total = bytes.count + directoryByteCount + 30 + 46 + 2 * nameBytes.count + content.count
        guard total <= Self.byteLimit, entries.count < Self.entryLimit else { throw ArchiveError(name: name) }
        directoryByteCount += 46 + nameBytes.count
        let entry = Entry(
            name: nameBytes, checksum: Self.checksum(content), byteCount: UInt32(content.count),
            offset: UInt32(bytes.count))
        append(0x0403_4B50 as UInt32)
        appendDescription(of: entry)
        bytes += nameBytes
        bytes += content
        entries.append(entry)
    }

    /// The whole file.
    package func serialized() -> [UInt8] {
        var file = self
        let start = UInt32(bytes.count)
        for entry in entries {
            file.append(0x0201_4B50 as UInt32)
            file.append(Self.version)
            file.appendDescription(of: entry)
            // Comment, disk, attributes inside and outside.
            file.bytes += [UInt8](repeating: 0, count: 10)
            file.append(entry.offset)
            file.bytes += entry.name
        }
        let directoryByteCount = UInt32(file.bytes.count) - start
        file.append(0x0605_4B50 as UInt32)
        file.append(0 as UInt32)
        file.append(UInt16(entries.count))
        file.append(UInt16(entries.count))
        file.append(directoryByteCount)
        file.append(start)
        file.append(0 as UInt16)
        return file.bytes
    }

    /// What a file's header and its entry in the directory have in common.
    private mutating func appendDescription(of entry: Entry) {
        append(Self.version)
        append(Self.flags)
        // Stored; midnight.
        append(0 as UInt32)
        append(Self.date)
        append(entry.checksum)
        append(entry.byteCount)
        append(entry.byteCount)
        append(UInt16(entry.name.count))
        append(0 as UInt16)
    }

    private mutating func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }

    /// The format's checksum is zlib's CRC-32, of another polynomial than Core's.
    private static func checksum(_ content: [UInt8]) -> UInt32 {
        content.withUnsafeBufferPointer { buffer in
            var value = crc32(0, nil, 0)
            var done = 0
            while done < buffer.count, let base = buffer.baseAddress {
                let count = min(buffer.count - done, 1 << 30)
                value = crc32(value, base + done, UInt32(count))
                done += count
            }
            return UInt32(truncatingIfNeeded: value)
        }
    }
}

/// A model that is too large for an archive.
package struct ArchiveError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file that did not fit.
    package let name: String

    package var description: String {
        "\(quoted(name)) does not fit: an archive has at most 4 GiB; export the model as safetensors"
    }
}

/// The bytes of a .npy file.
package enum NumPyArray {
    /// Format 1.0 with little-endian floats, row-major. The header is padded with spaces so that the values are aligned
    /// to 64 bytes.
    package static func serialized(shape: [Int], _ values: [Float]) -> [UInt8] {
        precondition(shape.reduce(1, *) == values.count, "the values do not fill the shape")
        let extents = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
        var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(extents)), }"
        header += String(repeating: " ", count: 63 - (10 + header.utf8.count) % 64) + "\n"
        var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]
        withUnsafeBytes(of: UInt16(header.utf8.count).littleEndian) { bytes += $0 }
        bytes += Array(header.utf8)
        values.map { $0.bitPattern.littleEndian }.withUnsafeBytes { bytes += $0 }
        return bytes
    }
}
