internal import Glibc

/// The system calls on stream sockets. All descriptors are non-blocking and close on exec.
enum StreamSocket {
    /// The result of a non-blocking call.
    enum Outcome: Equatable {
        /// The number of bytes, at least one.
        case bytes(Int)
        case wouldBlock
        /// The other side has ended the stream, or reading is no longer possible.
        case ended
    }

    /// Listens at an address; an abandoned socket file is replaced.
    static func listen(at address: ProxyAddress) throws(FaultProxyError) -> Int32 {
        guard address.isLoopback else {
            throw .invalidAddress(address.description, reason: "a route listens on the loopback interface only")
        }
        let descriptor = try open(address)
        var status = withAddress(address) { bind(descriptor, $0, $1) }
        if status != 0, errno == EADDRINUSE, case .ipc(let path) = address, isAbandoned(address) {
            unlink(path)
            status = withAddress(address) { bind(descriptor, $0, $1) }
        }
        if status == 0 { status = Glibc.listen(descriptor, 128) }
        guard status == 0 else {
            let number = errno
            close(descriptor)
            throw .system("listen at \(address)", number)
        }
        return descriptor
    }

    /// Starts to connect. The descriptor is writable when the attempt has ended; `pendingError` has the result.
    ///
    /// Returns nil where the target's queue of connections is full: try again later.
    static func connect(to address: ProxyAddress) throws(FaultProxyError) -> Int32? {
        let descriptor = try open(address)
        let status = withAddress(address) { Glibc.connect(descriptor, $0, $1) }
        let number = errno
        if status == 0 || number == EINPROGRESS || number == EINTR { return descriptor }
        close(descriptor)
        if number == EAGAIN { return nil }
        throw .system("connect to \(address)", number)
    }

    /// The result of connecting: 0 or an error number.
    static func pendingError(_ descriptor: Int32) -> Int32 {
        var number: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &number, &length) == 0 ? number : errno
    }

    /// The next waiting connection, or nil.
    static func accept(_ listener: Int32) -> Int32? {
        let descriptor = Glibc.accept(listener, nil, nil)
        guard descriptor >= 0 else { return nil }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        sendAtOnce(descriptor)
        return descriptor
    }

    /// The process at the other end of a Unix-domain socket; nil for other sockets.
    static func peerProcess(_ descriptor: Int32) -> Int32? {
        // The process, its user and its group.
        var credentials: (Int32, UInt32, UInt32) = (0, 0, 0)
        var length = socklen_t(MemoryLayout<(Int32, UInt32, UInt32)>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0 else { return nil }
        return credentials.0 > 0 ? credentials.0 : nil
    }

    static func read(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { return .bytes(count) }
            if count < 0 && errno == EINTR { continue }
            return count < 0 && errno == EAGAIN ? .wouldBlock : .ended
        }
    }

    static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Outcome {
        while true {
            let count = send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            if count > 0 { return .bytes(count) }
            if count < 0 && errno == EINTR { continue }
            return count < 0 && errno == EAGAIN ? .wouldBlock : .ended
        }
    }

    /// Shuts down and closes, so that the peer sees the end even if a child process has a copy of the descriptor.
    static func end(_ descriptor: Int32) {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }

    /// Closes with a reset on TCP: the peer gets an error and none of the data in flight.
    static func reset(_ descriptor: Int32) {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close(descriptor)
    }

    /// The address that a socket is bound to, with the port that the system chose.
    static func boundAddress(_ descriptor: Int32, asked: ProxyAddress) -> ProxyAddress {
        guard case .tcp(let host, _) = asked else { return asked }
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return status == 0 ? .tcp(host: host, port: UInt16(bigEndian: address.sin_port)) : asked
    }
}

extension StreamSocket {
    private static func open(_ address: ProxyAddress) throws(FaultProxyError) -> Int32 {
        var family = AF_UNIX
        if case .tcp = address { family = AF_INET }
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | flags, 0)
        guard descriptor >= 0 else { throw .system("open a socket for \(address)", errno) }
        sendAtOnce(descriptor)
        if family == AF_INET { switchOn(SO_REUSEADDR, level: SOL_SOCKET, descriptor) }
        return descriptor
    }

    private static var flags: Int32 { Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue) }

    private static func sendAtOnce(_ descriptor: Int32) {
        // Fails on Unix-domain sockets, which do not delay.
        switchOn(TCP_NODELAY, level: Int32(IPPROTO_TCP), descriptor)
    }

    private static func switchOn(_ option: Int32, level: Int32, _ descriptor: Int32) {
        var one: Int32 = 1
        setsockopt(descriptor, level, option, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Whether a socket file exists at which no process listens.
    private static func isAbandoned(_ address: ProxyAddress) -> Bool {
        guard let descriptor = try? open(address) else { return false }
        defer { close(descriptor) }
        return withAddress(address) { Glibc.connect(descriptor, $0, $1) } != 0 && errno == ECONNREFUSED
    }

    private static func withAddress<Result>(
        _ address: ProxyAddress, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        switch address {
        case .ipc(let path):
            var record = sockaddr_un()
            record.sun_family = sa_family_t(AF_UNIX)
            precondition(
                path.utf8.count <= ProxyAddress.maximumPathByteCount, "the path of a socket has at most 107 bytes")
            withUnsafeMutableBytes(of: &record.sun_path) { $0.copyBytes(from: path.utf8) }
            return withPointer(to: &record, body)
        case .tcp(let host, let port):
            var record = sockaddr_in()
            record.sin_family = sa_family_t(AF_INET)
            record.sin_port = port.bigEndian
            inet_pton(AF_INET, host, &record.sin_addr)
            return withPointer(to: &record, body)
        }
    }

    private static func withPointer<Record, Result>(
        to record: inout Record, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        withUnsafePointer(to: &record) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<Record>.size))
            }
        }
    }
}
