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

    @Test("Faults of a worker are commands for its routes; what it sends to others is known by its process")
    func worker() {
        func lines(_ fault: LinkFault) -> [String] {
            layout.begin(fault, on: .worker(1), process: 77, seed: 4).map(\.description)
        }
        #expect(lines(.drop(share: 0.5)) == ["set inbox-1 drop direction=to-target share=0.5 seed=4"])
        #expect(
            lines(.delay(milliseconds: 20, share: 1)) == [
                "set inbox-1 delay direction=to-target seed=4 ms=20",
                "set control-1 delay direction=to-client seed=4 ms=20",
            ])
        #expect(lines(.halfOpen) == ["set inbox-1 stall connections=standing"])
        #expect(lines(.reset) == ["reset inbox-1,control-1", "reset inbox-0,inbox-2 client=77"])
        #expect(
            lines(.partition(.both)) == [
                "set inbox-1 stall", "set control-1 stall", "set inbox-0,inbox-2 stall client=77",
            ])
        #expect(
            lines(.partition(.inward)) == [
                "set inbox-1 stall direction=to-target", "set control-1 stall direction=to-client",
                "set inbox-0,inbox-2 stall direction=to-client client=77",
            ])
    }

    @Test("Faults of the coordinator are commands for all routes that lead to it")
    func coordinator() {
        func lines(_ fault: LinkFault) -> [String] {
            layout.begin(fault, on: .coordinator, process: nil, seed: 1).map(\.description)
        }
        #expect(
            lines(.partition(.outward)) == ["set control-0,control-1,control-2 stall direction=to-client"])
        #expect(lines(.reset) == ["reset control-0,control-1,control-2"])
    }

    @Test("Every fault's commands are ones that a proxy of the layout takes, and its end takes them back")
    func taken() throws {
        let folder = try TemporaryFolder()
        let layout = ProxyLayout(folder: folder.path, workerCount: 2)
        let proxy = try FaultProxy(routes: layout.routes)
        let faults: [LinkFault] = [
            .drop(share: 0.1), .duplicate(share: 0.1), .reorder(share: 0.1), .corrupt(share: 0.1),
            .delay(milliseconds: 5, share: 0.5), .halfOpen, .reset, .partition(.both), .partition(.inward),
            .partition(.outward),
        ]
        for fault in faults {
            for subject in [ProxyLayout.Subject.worker(0), .worker(1), .coordinator] {
                let commands = layout.begin(fault, on: subject, process: 5, seed: 1)
                #expect(layout.end(commands).count == (fault == .reset ? 0 : commands.count))
                for command in commands + layout.end(commands) {
                    #expect(try proxy.apply(ControlCommand(parsing: command.description)) == "")
                }
            }
        }
    }
}
