import Glibc
import TestSupport
import Testing

@testable import Faults

/// A client and a target with a proxy between them.
private final class Pair {
    let folder: TemporaryFolder
    let listener: PlainListener
    let proxy: RunningProxy

    init(overFiles: Bool = true, limits: ProxyLimits = ProxyLimits()) throws {
        folder = try TemporaryFolder()
        let any = ProxyAddress.tcp(host: "127.0.0.1", port: 0)
        listener = try PlainListener(overFiles ? folder.address("target") : any)
        proxy = try RunningProxy(overFiles ? folder.address("proxy") : any, to: listener.address, limits: limits)
    }

    func connect() throws -> (client: PlainSocket, target: PlainSocket) {
        let client = try PlainSocket(connectingTo: proxy.route.listen)
        return (client, try listener.accept())
    }
}

private func bytes(_ count: Int, seed: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 31 &+ seed) >> 3) }
}

@Suite("Streams through a proxy")
struct StreamTests {
    @Test("Bytes and the end of a stream pass in both directions", arguments: [true, false])
    func raw(overFiles: Bool) throws {
        let pair = try Pair(overFiles: overFiles)
        let (client, target) = try pair.connect()
        let question = bytes(100_000, seed: 1)
        #expect(client.send(question))
        #expect(target.read(question.count) == question)
        #expect(target.send([1, 2, 3]))
        #expect(client.read(3) == [1, 2, 3])
        shutdown(client.descriptor, Int32(SHUT_WR))
        #expect(target.read(1) == [])
        #expect(target.send([4]))
        shutdown(target.descriptor, Int32(SHUT_WR))
        #expect(client.read(2) == [4])
    }

    @Test("A writer waits when the reader does not read, and nothing is lost")
    func backPressure() throws {
        var limits = ProxyLimits()
        limits.bufferByteCount = 1 << 16
        let pair = try Pair(limits: limits)
        let (client, target) = try pair.connect()
        client.wait(milliseconds: 100)
        let block = bytes(1 << 16, seed: 7)
        var sent = 0
        var isFull = false
        while !isFull && sent < 64 << 20 {
            let count = block.withUnsafeBytes {
                send(client.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            sent += max(0, count)
            isFull = count < block.count
        }
        // The kernel's buffers of two connections, and the proxy's own.
        #expect(isFull && sent < 8 << 20)
        shutdown(client.descriptor, Int32(SHUT_WR))
        let arrived = try #require(target.read(sent + 1))
        #expect(arrived.count == sent)
        #expect(arrived.indices.allSatisfy { arrived[$0] == block[$0 & 0xFFFF] })
    }

    @Test("A one-way partition stops one direction only, and heals")
    func oneWay() throws {
        let pair = try Pair()
        let (client, target) = try pair.connect()
        #expect(pair.proxy.tell("set r stall direction=to-target") == "ok")
        #expect(client.send([1]) && target.send([2]))
        #expect(client.read(1) == [2])
        target.wait(milliseconds: 50)
        #expect(target.read(1) == nil)
        #expect(pair.proxy.tell("clear r") == "ok")
        target.wait(milliseconds: 20_000)
        #expect(target.read(1) == [1])
    }

    @Test("While it is stalled, a connection hides that one side is gone, and new ones are not answered")
    func halfOpen() throws {
        let pair = try Pair()
        let (client, target) = try pair.connect()
        #expect(pair.proxy.tell("set r stall") == "ok")
        shutdown(client.descriptor, Int32(SHUT_RDWR))
        target.wait(milliseconds: 50)
        #expect(target.read(1) == nil)
        let late = try PlainSocket(connectingTo: pair.proxy.route.listen)
        #expect(late.send([5]))
        var item = pollfd(fd: pair.listener.descriptor, events: Int16(POLLIN), revents: 0)
        #expect(poll(&item, 1, 50) == 0)
        #expect(pair.proxy.tell("clear r") == "ok")
        target.wait(milliseconds: 20_000)
        #expect(target.read(1) == [])
        #expect(try pair.listener.accept().read(1) == [5])
    }

    @Test("A stall of standing connections leaves new ones alone")
    func openOnly() throws {
        let pair = try Pair()
        let old = try pair.connect()
        #expect(pair.proxy.tell("set r stall connections=standing") == "ok")
        let new = try pair.connect()
        #expect(old.client.send([1]) && new.client.send([2]))
        #expect(new.target.read(1) == [2])
        old.target.wait(milliseconds: 50)
        #expect(old.target.read(1) == nil)
    }

    @Test("A fault of one process's connections leaves those of others alone")
    func client() throws {
        let pair = try Pair()
        let (client, target) = try pair.connect()
        #expect(pair.proxy.tell("set r stall client=\(getpid() + 1)") == "ok")
        #expect(client.send([1]))
        #expect(target.read(1) == [1])
        #expect(pair.proxy.tell("set r stall client=\(getpid())") == "ok")
        #expect(client.send([2]))
        target.wait(milliseconds: 50)
        #expect(target.read(1) == nil)
        #expect(pair.proxy.tell("reset r client=\(getpid() + 1)") == "ok")
        #expect(pair.proxy.count("reset") == 0)
        #expect(pair.proxy.tell("reset r client=\(getpid())") == "ok")
        #expect(pair.proxy.count("reset") == 1)
    }

    @Test("A reset of TCP is an error at both ends, not the end of a stream")
    func reset() throws {
        let pair = try Pair(overFiles: false)
        let (client, target) = try pair.connect()
        #expect(client.send([1]) && target.read(1) == [1])
        #expect(pair.proxy.tell("reset r") == "ok")
        for socket in [client, target] {
            #expect(socket.read(1) == nil && errno == ECONNRESET)
        }
    }

    @Test("Refused connections end at once, and so do those whose target is not there")
    func refused() throws {
        let pair = try Pair()
        #expect(pair.proxy.tell("set r refuse") == "ok")
        let refused = try PlainSocket(connectingTo: pair.proxy.route.listen)
        #expect(refused.read(1) == [])
        #expect(pair.proxy.count("refused") == 1)
        #expect(pair.proxy.tell("clear r refuse") == "ok")
        let (client, target) = try pair.connect()
        #expect(client.send([1]) && target.read(1) == [1])
        unlink("\(pair.folder.path)/target")
        let lost = try PlainSocket(connectingTo: pair.proxy.route.listen)
        #expect(lost.read(1) == [])
    }

    @Test("A hostile length breaks its connection, and the proxy serves the next")
    func hostileLength() throws {
        let pair = try Pair()
        let (client, target) = try pair.connect()
        #expect(client.send(Wire.greeting))
        #expect(target.read(64) == Wire.greeting)
        #expect(client.send([2, 0x7F] + [UInt8](repeating: 0xFF, count: 7) + bytes(1000, seed: 3)))
        #expect(target.read(1) ?? [] == [])
        let next = try pair.connect()
        #expect(next.client.send([9]) && next.target.read(1) == [9])
    }

    @Test("Lines that are no commands are answered with an error, and the proxy continues")
    func badLines() throws {
        let pair = try Pair()
        #expect(pair.proxy.tell("what").hasPrefix("error \"what\" is not a command"))
        #expect(pair.proxy.tell("clear s").hasPrefix("error there is no route \"s\": routes are r"))
        #expect(pair.proxy.tell(String(repeating: "x", count: ControlCommand.lineByteLimit + 1)).hasPrefix("error"))
        #expect(pair.proxy.tell("counts r").hasPrefix("ok r accepted=0"))
    }
}
