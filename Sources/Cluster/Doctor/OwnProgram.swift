import Coordination
import Core
import Glibc
import Training

extension ProgramIdentity {
    /// That of this process. Its file is read once.
    static let current = ProgramIdentity(
        release: Build.version, buildIdentifier: BuildIdentifier.ofThisProgram ?? "",
        arithmeticVersion: UInt32(Arithmetic.version))
}

extension ProgramIdentity: CustomStringConvertible {
    /// Such as "release 0.1.0, build 1a2b3c4d5e6f".
    package var description: String {
        "release \(escaped(release, limit: 40))"
            + (buildIdentifier.isEmpty ? "" : ", build \(escaped(String(buildIdentifier.prefix(12))))")
    }
}

/// The identifier that the linker derives from everything in a program (`NT_GNU_BUILD_ID`).
enum BuildIdentifier {
    static let ofThisProgram: String? = {
        let descriptor = open("/proc/self/exe", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: headByteCount)
        let count = read(descriptor, &bytes, bytes.count)
        return count > 0 ? inProgram(Array(bytes.prefix(count))) : nil
    }()

    /// The linker puts notes behind the headers, at the front.
    private static let headByteCount = 1 << 16
    private static let noteSegment: UInt32 = 4
    private static let noteOwner = Array("GNU\0".utf8)
    private static let noteType: UInt32 = 3

    /// In hexadecimal digits; nil for bytes that are not the front of a 64-bit ELF file with a note of this kind.
    static func inProgram(_ bytes: [UInt8]) -> String? {
        guard bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2]),
            let tableOffset = integer(UInt64.self, at: 32, bytes), let entrySize = integer(UInt16.self, at: 54, bytes),
            let entryCount = integer(UInt16.self, at: 56, bytes)
        else { return nil }
        for index in 0..<Int(entryCount) {
            let entry = Int(clamping: tableOffset) &+ index * Int(entrySize)
            guard let type = integer(UInt32.self, at: entry, bytes) else { return nil }
            guard type == noteSegment, let offset = integer(UInt64.self, at: entry + 8, bytes),
                let size = integer(UInt64.self, at: entry + 32, bytes), offset <= bytes.count,
                size <= bytes.count - Int(offset)
            else { continue }
            if let identifier = inNotes(bytes[Int(offset)..<Int(offset) + Int(size)]) { return identifier }
        }
        return nil
    }

    private static func inNotes(_ notes: ArraySlice<UInt8>) -> String? {
        var reader = ByteReader(notes)
        while let nameCount = reader.integer(UInt32.self), let valueCount = reader.integer(UInt32.self),
            let type = reader.integer(UInt32.self), let name = reader.bytes(padded(nameCount)),
            let value = reader.bytes(padded(valueCount))
        {
            guard type == noteType, Array(name) == noteOwner else { continue }
            return value.prefix(Int(valueCount)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        return nil
    }

    /// Names and values fill whole words.
    private static func padded(_ count: UInt32) -> Int { (Int(count) + 3) / 4 * 4 }

    private static func integer<Value: FixedWidthInteger>(_ type: Value.Type, at offset: Int, _ bytes: [UInt8])
        -> Value?
    {
        guard offset >= 0, offset <= bytes.count else { return nil }
        var reader = ByteReader(bytes[offset...])
        return reader.integer(type)
    }
}

extension Information {
    /// What this process says of itself, at this moment.
    init(answering inquiry: Inquiry, program: ProgramIdentity, data: [SHA256Digest]) {
        self.init(
            number: inquiry.number, host: HostName.current, program: program, data: data,
            clockNanoseconds: Int64(WallClock.nanoseconds))
    }
}

/// The time of day, which differs between hosts.
enum WallClock {
    /// Nanoseconds since 1970.
    static var nanoseconds: Int {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    /// Such as "2026-11-29 01:02:03".
    static func text(seconds: Int) -> String {
        var (moment, parts) = (time_t(seconds), tm())
        gmtime_r(&moment, &parts)
        let numbers = [
            parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
        ]
        .map { ($0 < 10 ? "0" : "") + String($0) }
        return numbers[..<3].joined(separator: "-") + " " + numbers[3...].joined(separator: ":")
    }
}

/// Numbers in findings.
enum ByteText {
    /// Such as "7.2 GB" or "35 MB".
    static func of(_ byteCount: Int) -> String {
        byteCount < 1_000_000_000
            ? "\(byteCount / 1_000_000) MB" : "\(decimal(Double(byteCount) / 1e9)) GB"
    }

    /// With one decimal.
    static func decimal(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10)"
    }
}
