import Core
import Glibc

/// What happens when a host connects to a TCP port of another one.
enum TCPReach: Sendable, Equatable {
    case connected
    /// The host answers that the port is closed.
    case refused
    /// Nothing answers.
    case timedOut
    /// The network or a firewall answers; the system's words.
    case unreachable(String)
    case unknownHost

    /// Connects to the first address of a host that answers, and closes the connection again.
    ///
    /// Waits at most `timeoutMilliseconds` for each address. A numeric address or a name.
    static func attempt(host: String, port: UInt16, timeoutMilliseconds: Int) -> TCPReach {
        var latest = TCPReach.unknownHost
        let reached = try? SocketAddress.first(ofHost: host, port: port) { entry -> TCPReach? in
            latest = attempt(entry, timeoutMilliseconds: timeoutMilliseconds)
            return latest == .connected ? latest : nil
        }
        return reached ?? latest
    }

    private static func attempt(_ target: UnsafePointer<addrinfo>, timeoutMilliseconds: Int) -> TCPReach {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(target.pointee.ai_family, kind, 0)
        guard descriptor >= 0 else { return TCPReach(code: errno) }
        defer { close(descriptor) }
        guard connect(descriptor, target.pointee.ai_addr, target.pointee.ai_addrlen) != 0 else { return .connected }
        guard errno == EINPROGRESS else { return TCPReach(code: errno) }
        let deadline = MonotonicTime.now.advanced(byMilliseconds: timeoutMilliseconds)
        while true {
            let left = (deadline.nanoseconds - MonotonicTime.now.nanoseconds) / 1_000_000
            guard left > 0 else { return .timedOut }
            var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            if poll(&request, 1, Int32(clamping: left)) > 0 { break }
        }
        var (code, length) = (Int32(0), socklen_t(MemoryLayout<Int32>.size))
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
        return TCPReach(code: code)
    }

    /// Why no connection was made; nil where one was.
    var problem: String? {
        switch self {
        case .connected: nil
        case .refused: "the port is closed"
        case .timedOut: "nothing answers"
        case .unreachable(let words): words
        case .unknownHost: "its name has no address there"
        }
    }

    /// The result of connecting: 0 or an error number.
    init(code: Int32) {
        switch code {
        case 0: self = .connected
        case ECONNREFUSED: self = .refused
        case ETIMEDOUT: self = .timedOut
        default: self = .unreachable(String(cString: strerror(code)))
        }
    }
}
