import TestSupport
import Testing

@testable import Faults

@Suite("Routes between the processes of a run")
struct LayoutTests {
    private let layout = ProxyLayout(folder: "/tmp/x", workerCount: 3)

    @Test("Each worker has a route to its inbox and one to the coordinator")
    func routes() {
        #expect(layout.routes.map(\.name) == ["inbox-0", "control-0", "inbox-1", "control-1", "inbox-2", "control-2"])
        #expect(layout.routes[2].listen.description == "ipc:///tmp/x/via-1-worker-1.p")
        #expect(layout.routes[2].target.description == "ipc:///tmp/x/via-1-worker-1")
        #expect(layout.routes[3].listen.description == "ipc:///tmp/x/via-1")
        #expect(layout.routes[3].target.description == "ipc:///tmp/x/control")
    }

    private func lines(_ text: String, process: Int32?, seed: UInt64) throws -> [String] {
        layout.commands(for: try Fault(parsing: text), process: process, seed: seed).map(\.description)
    }

    @Test("A worker's faults are commands for its routes; what it sends to others is identified by its process")
    func worker() throws {
        func lines(_ text: String) throws -> [String] {
            try self.lines(text.replacing(" ", with: " worker=1 step=1 ", maxReplacements: 1), process: 77, seed: 4)
        }
        #expect(try lines("drop share=0.5") == ["set inbox-1 drop direction=to-target share=0.5 seed=4"])
        #expect(
            try lines("delay add=20") == [
                "set inbox-1 delay direction=to-target seed=4 ms=20",
                "set control-1 delay direction=to-client seed=4 ms=20",
            ])
        #expect(
            try lines("throttle rate=5000") == [
                "set inbox-1 throttle direction=to-target rate=5000",
                "set control-1 throttle direction=to-client rate=5000",
            ])
        #expect(try lines("half-open for=5") == ["set inbox-1 stall connections=standing"])
        #expect(try lines("reset ") == ["reset inbox-1,control-1", "reset inbox-0,inbox-2 client=77"])
        #expect(
            try lines("partition direction=both") == [
                "set inbox-1 stall", "set control-1 stall", "set inbox-0,inbox-2 stall client=77",
            ])
        #expect(
            try lines("partition direction=in") == [
                "set inbox-1 stall direction=to-target", "set control-1 stall direction=to-client",
                "set inbox-0,inbox-2 stall direction=to-client client=77",
            ])
    }

    @Test("The coordinator's faults are commands for all routes that lead to it")
    func coordinator() throws {
        #expect(
            try lines("partition coordinator step=1 direction=out", process: nil, seed: 1)
                == ["set control-0,control-1,control-2 stall direction=to-client"])
        #expect(
            try lines("reset coordinator step=1", process: nil, seed: 1) == ["reset control-0,control-1,control-2"])
    }

    @Test("Faults of files, memory and workers that do not exist are no commands")
    func others() throws {
        #expect(try lines("kill worker=1 step=1", process: nil, seed: 1) == [])
        #expect(try lines("drop worker=3 step=1", process: nil, seed: 1) == [])
    }

    @Test("A proxy accepts the commands of every kind, and their end removes the faults", arguments: FaultKind.planned)
    func accepted(kind: FaultKind) throws {
        guard kind.isNetwork else { return }
        let folder = try TemporaryFolder()
        let layout = ProxyLayout(folder: folder.path, workerCount: 2)
        let proxy = try FaultProxy(routes: layout.routes)
        for target in [FaultTarget.worker(0), .worker(1), .coordinator] {
            let fault = Fault(kind, target, .reached(nil, step: 1, occurrence: 1))
            let commands = layout.commands(for: fault, process: 5, seed: 1)
            #expect(!commands.isEmpty && layout.end(commands).count == (kind == .reset ? 0 : commands.count))
            for command in commands + layout.end(commands) {
                #expect(try ControlCommand(parsing: command.description) == command)
                #expect(try proxy.apply(ControlCommand(parsing: command.description)) == "")
            }
        }
    }
}
