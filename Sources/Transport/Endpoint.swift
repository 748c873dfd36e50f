/// The address at which a socket listens or to which it connects.
package enum Endpoint: Sendable, Hashable, CustomStringConvertible {
    /// A Unix-domain socket file; the path is absolute or relative, up to 107 bytes.
    case ipc(path: String)
    /// An address or host name, without brackets, and a port; port 0 asks for a free one when listening.
    case tcp(host: String, port: UInt16)
    /// Inside one context, for tests.
    case inproc(name: String)

    /// The kernel's limit for the path of a Unix-domain socket (`sun_path` without its final zero).
    package static let maximumPathByteCount = 107

    /// Reads `ipc://PATH`, `tcp://HOST:PORT`, `tcp://[IPV6]:PORT` or `inproc://NAME`; refuses `*` as a host or port.
    package init(parsing text: String) throws(TransportError) {
        if let path = Self.rest(of: text, after: "ipc://") {
            guard !path.isEmpty else { throw .invalidEndpoint(text, reason: "the path of the socket file is missing") }
            guard path.utf8.count <= Self.maximumPathByteCount else {
                throw .invalidEndpoint(text, reason: "the path is longer than 107 bytes; choose a shorter folder")
            }
            guard !path.utf8.contains(0), path != "*" else {
                throw .invalidEndpoint(text, reason: "the path of the socket file is not usable")
            }
            self = .ipc(path: path)
        } else if let name = Self.rest(of: text, after: "inproc://") {
            guard !name.isEmpty else { throw .invalidEndpoint(text, reason: "the name is missing") }
            self = .inproc(name: name)
        } else if let address = Self.rest(of: text, after: "tcp://") {
            self = try Self.parseAddress(address, text: text)
        } else {
            throw .invalidEndpoint(text, reason: "write tcp://HOST:PORT or ipc://PATH")
        }
    }

    private static func rest(of text: String, after prefix: String) -> String? {
        text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : nil
    }

    private static func parseAddress(_ address: String, text: String) throws(TransportError) -> Endpoint {
        guard let colon = address.lastIndex(of: ":") else {
            throw .invalidEndpoint(text, reason: "the port is missing: write tcp://HOST:PORT")
        }
        let portText = address[address.index(after: colon)...]
        var host = String(address[..<colon])
        if host == "*" || portText == "*" {
            throw .invalidEndpoint(text, reason: "name the interface's address instead of *, and 0 for a free port")
        }
        guard !portText.isEmpty, portText.allSatisfy({ $0.isASCII && $0.isNumber }), let port = UInt16(portText) else {
            throw .invalidEndpoint(text, reason: "the port is a number from 0 to 65535")
        }
        if host.hasPrefix("[") && host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
            // An interface may follow a percent sign, for link-local addresses.
            let parts = host.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
            let isAddress = parts[0].contains(":") && parts[0].allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
            let isInterface = parts.dropFirst().allSatisfy { zone in
                !zone.isEmpty && zone.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
            }
            guard isAddress, isInterface else {
                throw .invalidEndpoint(text, reason: "the text between the brackets is not an IPv6 address")
            }
        } else {
            guard !host.isEmpty else { throw .invalidEndpoint(text, reason: "the host is missing") }
            let allowed = { (character: Character) in
                character.isASCII && (character.isLetter || character.isNumber || "-._".contains(character))
            }
            guard host.utf8.count <= 253, host.allSatisfy(allowed) else {
                throw .invalidEndpoint(text, reason: "a host has letters, digits, dots and hyphens")
            }
        }
        return .tcp(host: host, port: port)
    }

    package var description: String {
        switch self {
        case .ipc(let path): "ipc://\(path)"
        case .tcp(let host, let port): host.contains(":") ? "tcp://[\(host)]:\(port)" : "tcp://\(host):\(port)"
        case .inproc(let name): "inproc://\(name)"
        }
    }

    /// Whether both are socket files, or both addresses, or both names in one process.
    package func isReachedLike(_ other: Endpoint) -> Bool {
        switch (self, other) {
        case (.ipc, .ipc), (.tcp, .tcp), (.inproc, .inproc): true
        default: false
        }
    }
}
