/// 128 bits that are compared with others and never interpreted.
package protocol OpaqueIdentifier: Sendable, Hashable {
    var high: UInt64 { get }
    var low: UInt64 { get }
    init(high: UInt64, low: UInt64)
}

/// Tells a worker's process apart from all others: random, drawn once when the process starts.
///
/// Only the coordinator receives it: a peer could use it to speak for its owner.
package struct ProcessNonce: OpaqueIdentifier {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}

/// Equal for two processes if each can name the other by its process identifier: they run on one host and, on Linux, in
/// one process namespace. Containers of one host have different ones.
package struct ProcessSpace: OpaqueIdentifier {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}

/// Identifies a host while it runs: on Linux the boot identifier of its kernel, which its containers share.
package struct HostIdentifier: OpaqueIdentifier {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads the text form of a UUID, 32 hexadecimal digits with any hyphens; nil for anything else.
    package init?(parsing text: some StringProtocol) {
        let digits = String(text.filter { $0 != "-" })
        guard digits.utf8.count == 32, digits.allSatisfy({ $0.isASCII && $0.isHexDigit }),
            let high = UInt64(digits.prefix(16), radix: 16), let low = UInt64(digits.suffix(16), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
    }
}

extension ProcessNonce: WireValue {}
extension ProcessSpace: WireValue {}
extension HostIdentifier: WireValue {}

extension WireValue where Self: OpaqueIdentifier {
    func encode(into writer: inout MessageWriter) {
        writer.integer(high)
        writer.integer(low)
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        let high = try reader.integer(UInt64.self, "identifier")
        self.init(high: high, low: try reader.integer(UInt64.self, "identifier"))
    }
}
