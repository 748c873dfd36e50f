internal import Glibc

/// Cuts what comes from a descriptor into lines of a limited length.
struct ControlLines: ~Copyable {
    enum Line: Equatable {
        case text(String)
        /// Longer than `ControlCommand.lineByteLimit`.
        case tooLong
    }

    private let descriptor: Int32
    private var partial: [UInt8] = []
    private var isTooLong = false
    private(set) var hasEnded = false

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Reads once, and returns the lines that are complete.
    mutating func read() -> [Line] {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        if count < 0 && (errno == EINTR || errno == EAGAIN) { return [] }
        guard count > 0 else {
            hasEnded = true
            return []
        }
        return append(bytes[..<count])
    }

    mutating func append(_ bytes: ArraySlice<UInt8>) -> [Line] {
        var lines: [Line] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                lines.append(isTooLong ? .tooLong : .text(String(decoding: partial, as: UTF8.self)))
                partial.removeAll()
                isTooLong = false
            } else if partial.count < ControlCommand.lineByteLimit {
                partial.append(byte)
            } else {
                isTooLong = true
            }
        }
        return lines
    }
}
