/// Bounds of the control protocol; a decoder refuses what exceeds them before it allocates anything.
package enum WireLimits {
    /// Version of the message layout, in the header of each message.
    package static let protocolVersion: UInt8 = 10
    /// "SV", the first bytes of a message.
    static let magic: [UInt8] = [0x53, 0x56]
    /// Bytes before a message's body: magic (2), version (1), type (1), body length (4). A body is at most 1 MiB, so 32
    /// bits are enough for its length; 8 bits leave room for 256 types.
    package static let headerByteCount = 8
    /// Largest message, header included.
    package static let messageByteCount = 1 << 20
    /// Size of every chunk of data or state but the last.
    package static let chunkByteCount = 1 << 18
    /// Longest experiment text, in UTF-8 bytes.
    package static let experimentByteCount = 1 << 19
    /// Longest reason or failure text, in UTF-8 bytes; longer ones are cut when they are sent.
    package static let textByteCount = 4096
    /// Longest name, host or address, in UTF-8 bytes; longer ones are cut when they are sent. A view of `workerCount`
    /// members with three of them each fits in a message.
    package static let nameByteCount = 300
    /// Longest epoch row.
    package static let rowByteCount = 1 << 16
    /// Most members of a view, and most workers that a coordinator keeps, spares included.
    package static let workerCount = 1024
    /// Most pieces of content (data sets, a state) that an experiment needs.
    package static let contentCount = 16
    /// Most steps in one message of rank 0.
    package static let reducedStepCount = 1 << 15
    /// Most links in one report.
    package static let reportedLinkCount = 16
    /// Most classes of a validation whose counts are sent.
    package static let validationClassCount = 64
    /// Largest data set or state.
    package static let contentByteCount: UInt64 = 1 << 36
    /// Largest number of steps, rounds or generations, so that sums of them cannot overflow.
    package static let largestNumber: UInt64 = 1 << 53
    /// Most chunks that one request may ask for.
    package static let requestedChunkCount = 64
}

/// Why bytes are not a message.
package enum MessageError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The message or one of its fields is shorter than its announced length.
    case truncated
    /// The first two bytes are not this protocol's.
    case notAMessage
    /// Another version of the protocol.
    case otherVersion(found: UInt8)
    /// No message of this direction has that type.
    case unknownType(UInt8)
    /// A length beyond its bound.
    case tooLong(field: String)
    /// A value that the field cannot hold.
    case invalid(field: String)
    /// Bytes follow the last field.
    case trailingBytes(count: Int)

    package var description: String {
        switch self {
        case .truncated: "the message is cut off"
        case .notAMessage: "these bytes are not a control message"
        case .otherVersion(let found):
            "the peer speaks control protocol version \(found), this program version \(WireLimits.protocolVersion): "
                + "use the same release on every host"
        case .unknownType(let type): "no message has type \(type)"
        case .tooLong(let field): "the field '\(field)' is longer than its bound"
        case .invalid(let field): "the field '\(field)' holds an impossible value"
        case .trailingBytes(let count): "\(count) bytes follow the message's last field"
        }
    }
}
