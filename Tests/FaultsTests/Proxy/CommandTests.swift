import TestSupport
import Testing

@testable import Faults

@Suite("Commands of a proxy")
struct CommandTests {
    @Test(
        "Every command reads back as it was written",
        arguments: [
            "set r drop share=0.25 seed=7", "set inbox-1,inbox-2 stall direction=to-client client=77",
            "set * stall connections=standing", "set r reorder direction=to-target share=0.5 seed=1 behind=3 ms=20",
            "set r delay seed=1 ms=5", "set r throttle rate=1000", "set r corrupt-stream seed=18446744073709551615",
            "set r refuse",
            "unset r,s delay seed=2 ms=5", "clear *", "clear r drop", "reset r", "reset a,b client=4", "counts r",
        ])
    func roundTrip(line: String) throws {
        #expect(try ControlCommand(parsing: line).description == line)
    }

    @Test(
        "A text that is no command is refused with the reason",
        arguments: [
            ("", "commands are set"), ("counts ,", "commands are set"), ("set r", "kinds are drop, duplicate"),
            ("set r lose", "kinds are drop"),
            ("set r drop share=0", "share is a number above 0"), ("set r drop share=nan", "share is"),
            ("set r drop share=1.5", "share is"), ("set r drop ms=5", "keys of drop are"),
            ("set r drop share", "keys of drop are"), ("set r drop share=1 share=1", "share is given twice"),
            ("set r delay", "delay needs ms"), ("set r delay ms=-1", "ms is milliseconds"),
            ("set r delay ms=3600001", "ms is milliseconds"), ("set r reorder behind=0", "behind is"),
            ("set r stall direction=up", "direction is to-target, to-client or both"),
            ("set r stall client=0", "client is"), ("clear r drop stall", "commands are"),
            ("clear r lose", "kinds are"), ("reset r 5", "client is"), ("counts", "commands are"),
        ])
    func refused(line: String, reason: String) {
        do {
            _ = try ControlCommand(parsing: line)
            Issue.record("\(line) was taken")
        } catch {
            #expect(error.description.contains(reason))
            #expect(!error.description.contains("\n"))
        }
    }

    @Test("A route that does not exist is named, with those that do")
    func unknownRoute() throws {
        let folder = try TemporaryFolder()
        let proxy = try FaultProxy(
            routes: [ProxyRoute(name: "r", listen: folder.address("a"), target: folder.address("b"))])
        #expect(throws: FaultProxyError.unknownRoute("s", known: ["r"])) {
            try proxy.apply(ControlCommand(parsing: "clear r,s"))
        }
        #expect(try proxy.apply(ControlCommand(parsing: "counts *")).hasPrefix("r accepted=0 "))
    }

    @Test("Lines are cut wherever they end, and one that is too long is answered, not kept")
    func lines() {
        var lines = ControlLines(descriptor: -1)
        #expect(lines.append(Array("counts".utf8)[...]) == [])
        #expect(lines.append(Array(" r\n\nx".utf8)[...]) == [.text("counts r"), .text("")])
        #expect(lines.append([UInt8](repeating: 97, count: ControlCommand.lineByteLimit + 5)[...]) == [])
        #expect(lines.append(Array("\nok\n".utf8)[...]) == [.tooLong, .text("ok")])
    }

    @Test("Unsetting a fault ends that one, and none that was set in its place")
    func unset() {
        let connection = ConnectionIdentity(route: 0, number: 0, client: nil)
        var set = TrafficFaultSet()
        let (first, second) = (TrafficFault(.drop, seed: 1), TrafficFault(.drop, seed: 2))
        set.set(first, acceptedCount: 0)
        set.set(second, acceptedCount: 0)
        set.unset(first)
        #expect(set.active(on: connection, .toTarget) == [second])
        set.unset(second)
        #expect(set.active(on: connection, .toTarget) == [])
    }

    @Test("A fault replaces one of its kind, direction and client, and clearing a kind leaves the others")
    func faultSet() {
        let connection = ConnectionIdentity(route: 0, number: 3, client: 9)
        var set = TrafficFaultSet()
        set.set(TrafficFault(.drop, share: 0.5), acceptedCount: 0)
        set.set(TrafficFault(.drop, share: 0.25), acceptedCount: 0)
        #expect(set.active(on: connection, .toTarget).map(\.share) == [0.25])
        var other = TrafficFault(.stall, direction: .toClient)
        other.client = 8
        set.set(other, acceptedCount: 0)
        #expect(!set.contains(.stall, on: connection, .toClient))
        other.client = 9
        set.set(other, acceptedCount: 0)
        #expect(set.contains(.stall, on: connection, .toClient) && !set.contains(.stall, on: connection, .toTarget))
        set.clear(.stall)
        #expect(set.active(on: connection, .toClient).count == 1)
        var standing = TrafficFault(.stall)
        standing.openOnly = true
        set.set(standing, acceptedCount: 3)
        #expect(!set.holdsNewConnection(connection))
        set.set(standing, acceptedCount: 4)
        #expect(set.holdsNewConnection(connection))
    }
}
