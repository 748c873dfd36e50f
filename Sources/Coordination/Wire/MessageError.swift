/// Why bytes are not a message.
package enum MessageError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The message or one of its fields ends before its length says so.
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
