import Foundation
import Glibc
import TestSupport
import Transport

@testable import Faults

/// One context for all tests of the process, as the library wants it.
let sharedContext: ZeroMQContext? = try? ZeroMQContext()

func context() throws -> ZeroMQContext {
    guard let sharedContext else { throw TransportError.libraryTooOld(version: ZeroMQContext.libraryVersion) }
    return sharedContext
}

extension TemporaryFolder {
    func address(_ name: String) -> ProxyAddress { .ipc(path: path(name)) }
}

/// A proxy with one route `r` in a separate thread, controlled by lines like the command.
final class RunningProxy {
    let route: ProxyRoute
    private var control: Int32 = -1
    private let replies: UnsafeMutablePointer<FILE>
    private let ended = DispatchSemaphore(value: 0)

    init(_ listen: ProxyAddress, to target: ProxyAddress, limits: ProxyLimits = ProxyLimits()) throws {
        // Made here, so that it listens before the thread runs; from then on it is the thread's.
        nonisolated(unsafe) let proxy = try FaultProxy(
            routes: [ProxyRoute(name: "r", listen: listen, target: target)], limits: limits)
        route = proxy.routes[0]
        var (input, output) = ([Int32](repeating: -1, count: 2), [Int32](repeating: -1, count: 2))
        guard pipe(&input) == 0, pipe(&output) == 0, let stream = fdopen(output[0], "r") else {
            throw FaultProxyError.system("make pipes", errno)
        }
        control = input[1]
        replies = stream
        let (controlEnd, replyEnd, ended) = (input[0], output[1], self.ended)
        Thread {
            try? proxy.run(control: controlEnd, replies: replyEnd)
            close(controlEnd)
            close(replyEnd)
            ended.signal()
        }.start()
    }

    deinit {
        close(control)
        ended.wait()
        fclose(replies)
    }

    /// Sends a line and waits for its answer.
    @discardableResult
    func tell(_ line: String) -> String {
        let bytes = Array((line + "\n").utf8)
        guard write(control, bytes, bytes.count) == bytes.count else { return "the proxy has ended" }
        var answer: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(answer) }
        guard getline(&answer, &capacity, replies) > 0, let answer else { return "the proxy has ended" }
        return String(cString: answer).trimmingCharacters(in: .newlines)
    }

    /// A number out of the counts, the first with this name after `way`.
    func count(_ name: String, _ way: FlowDirection = .toTarget) -> Int? {
        let text = tell("counts r")
        let isOfRoute = ["accepted", "refused", "reset"].contains(name)
        guard let start = isOfRoute ? text.startIndex : text.range(of: way.rawValue)?.upperBound,
            let place = text.range(of: " \(name)=", range: start..<text.endIndex)
        else { return nil }
        return Int(text[place.upperBound...].prefix { $0.isNumber })
    }
}

extension ProxyAddress {
    var endpoint: Endpoint {
        switch self {
        case .ipc(let path): .ipc(path: path)
        case .tcp(let host, let port): .tcp(host: host, port: port)
        }
    }
}

extension Endpoint {
    func proxyAddress() throws -> ProxyAddress { try ProxyAddress(parsing: description) }
}

/// Long enough for anything that will happen; only a broken test waits for it.
func patience() -> Deadline { Deadline(afterMilliseconds: 20_000) }

/// A plain stream socket whose reads and writes block for a while.
final class PlainSocket {
    let descriptor: Int32

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        _ = fcntl(descriptor, F_SETFL, 0)
        wait(milliseconds: 20_000)
    }

    convenience init(connectingTo address: ProxyAddress) throws {
        guard let descriptor = try StreamSocket.connect(to: address) else {
            throw FaultProxyError.system("connect to \(address)", EAGAIN)
        }
        self.init(descriptor)
    }

    deinit {
        close(descriptor)
    }

    /// How long a read waits.
    func wait(milliseconds: Int) {
        var time = timeval(tv_sec: milliseconds / 1000, tv_usec: milliseconds % 1000 * 1000)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Reads exactly so many bytes, fewer at the end of the stream, or nil after an error or a long time.
    func read(_ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let part = bytes.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress?.advanced(by: filled), count - filled, 0)
            }
            if part < 0 { return nil }
            if part == 0 { break }
            filled += part
        }
        return Array(bytes[..<filled])
    }
}

/// A plain socket that listens.
final class PlainListener {
    let descriptor: Int32
    let address: ProxyAddress

    init(_ address: ProxyAddress) throws {
        descriptor = try StreamSocket.listen(at: address)
        self.address = StreamSocket.boundAddress(descriptor, asked: address)
        _ = fcntl(descriptor, F_SETFL, 0)
        var time = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit {
        close(descriptor)
    }

    func accept() throws -> PlainSocket {
        guard let descriptor = StreamSocket.accept(descriptor) else { throw FaultProxyError.system("accept", errno) }
        return PlainSocket(descriptor)
    }
}
