import Coordination
import Core

/// A control message as it travels: its bytes and their CRC-32C, so that a damaged one counts as lost.
enum ControlFrame {
    private static let checksumByteCount = 4

    static func sealed(_ message: [UInt8]) -> [UInt8] {
        let checksum = message.withUnsafeBytes { CRC32C.checksum($0) }
        return message + withUnsafeBytes(of: checksum.littleEndian) { Array($0) }
    }

    /// The message in a frame; nil when it is damaged. A frame of another protocol version is handed over whole: its
    /// reader says so.
    static func opened(_ frame: [UInt8]) -> [UInt8]? {
        let message = Array(frame.dropLast(checksumByteCount))
        if frame.count > checksumByteCount, sealed(message) == frame { return message }
        let versionOffset = 2
        let isForeign = frame.count > versionOffset && frame[versionOffset] != WireLimits.protocolVersion
        return isForeign ? frame : nil
    }
}
