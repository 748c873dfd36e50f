import Foundation
import Testing

@testable import Faults

@Suite struct FaultTextTests {
    @Test(arguments: [
        "kill worker=1 step=7 phase=reduce-scatter",
        "kill coordinator phase=grant occurrence=3 signal=SEGV",
        "stop worker=0 after=250 for=300",
        "slow worker=2 step=3 factor=4.5 for=1000",
        "slow worker=2 step=3 add=20",
        "exit coordinator phase=epoch-before code=3",
        "drop worker=1 step=2 share=0.25 for=500",
        "delay coordinator after=1 add=20 share=0.5 for=100",
        "half-open worker=1 step=2 for=100",
        "throttle worker=1 step=2 rate=20000 for=100",
        "reset coordinator step=2",
        "partition worker=3 step=2 direction=in for=700",
        "disk-full coordinator step=9 file=journal for=40",
        "fail-fsync coordinator phase=checkpoint-write times=2",
        "flip-gradient worker=1 step=4 bit=30 element=12",
        "flip-checkpoint coordinator phase=checkpoint-written bit=7",
    ])
    func `a fault has the text from which it was read`(text: String) throws {
        #expect(try Fault(parsing: text).description == text)
    }

    @Test func `words may have any order and spacing`() throws {
        let fault = try Fault(parsing: "  kill \t phase=reduce-scatter  step=7 worker=1\r")
        #expect(fault.description == "kill worker=1 step=7 phase=reduce-scatter")
    }

    @Test(arguments: [
        ("", "names no kind; kinds are kill, stop"),
        ("kil worker=1 step=7", "unknown kind \"kil\"; kinds are kill, stop, slow, exit, drop"),
        ("kill step=7", "has no target; add worker=NUMBER or coordinator"),
        ("disk-full worker=1 step=7", "disk-full cannot affect worker-1; give coordinator"),
        ("flip-gradient coordinator step=7", "flip-gradient cannot affect coordinator; give worker=NUMBER"),
        ("kill worker=1 coordinator step=7", "two processes"),
        ("kill worker=1", "has no moment; add step=NUMBER, phase=NAME or after=MILLISECONDS"),
        ("kill worker=1 step=7 after=3", "two triggers"),
        ("kill worker=1 step=7 phase=grant", "unknown phase \"grant\"; phases of a worker are hello, learning"),
        ("kill coordinator phase=hello", "phases of the coordinator are gathering, view, grant"),
        ("kill worker=1 step=7 share=0.5", "unknown key \"share\"; keys of kill are worker"),
        ("kill worker=1 step=7 step=8", "\"step\" is given twice"),
        ("kill worker=1 step=7 now", "\"now\" is not KEY=VALUE"),
        ("kill worker=-1 step=7", "\"worker=-1\" cannot be used; give a worker's number"),
        ("kill worker=99999999999999999999 step=7", "worker's number"),
        ("kill worker=1 step=0", "a step's number from 1"),
        ("drop worker=1 step=1 share=1.5", "a number above 0, at most 1"),
        ("drop worker=1 step=1 share=nan", "a number above 0, at most 1"),
        ("slow worker=1 step=1", "slow needs factor=NUMBER or add=MILLISECONDS"),
        ("slow worker=1 step=1 factor=1", "a number above 1"),
        ("stop worker=1 step=1 for=0", "milliseconds from 1"),
        ("kill worker=1 step=1 signal=HUP", "KILL, SEGV, ABRT, TRAP"),
        ("fail-write coordinator step=1 file=a/b", "a part of a file's name"),
        ("flip-checkpoint coordinator step=1 bit=8", "a bit's number"),
        ("partition worker=1 step=1 direction=up", "in, out, both"),
    ])
    func `an unusable text is refused in one line that lists what exists`(text: String, part: String) {
        do throws(FaultError) {
            _ = try Fault(parsing: text)
            Issue.record("\(text) was taken")
        } catch {
            #expect(error.description.contains(part), "\(error)")
            #expect(!error.description.contains("\n"))
        }
    }

    @Test func `a worker that the run does not have is refused`() throws {
        let plan = try FaultPlan(text: "kill worker=1 step=7\n\nkill worker=2 step=7\n")
        #expect(plan.faults.count == 2)
        try plan.check(workerCount: 3)
        #expect(throws: FaultError(.unknownWorker(2, count: 2), text: "kill worker=2 step=7")) {
            try plan.check(workerCount: 2)
        }
    }

    @Test func `kinds are listed with commas, and unknown ones refused`() throws {
        #expect(try FaultKind.list("kill,half-open") == [.kill, .halfOpen])
        for text in ["", "kill,", "kill,maim", "Kill"] {
            #expect(throws: FaultError.self, "\(text)") { try FaultKind.list(text) }
        }
    }

    @Test func `workers are known by their names`() {
        #expect(FaultTarget(workerName: "worker-12") == .worker(12))
        for name in ["worker-", "worker-01", "worker--1", "host-3", "worker-1x", "worker-4096"] {
            #expect(FaultTarget(workerName: name) == nil, "\(name)")
        }
    }
}

@Suite struct FaultKindTests {
    @Test func `the catalogue has the table of kinds as they are declared`() throws {
        let catalogue = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/Faults/Faults.docc/Faults.md")
        let text = try String(contentsOf: catalogue, encoding: .utf8)
        #expect(text.contains(FaultKind.documentation), "\(FaultKind.documentation)")
    }

    @Test func `kinds that a proxy draws for have different numbers that fit the counter`() {
        let numbers = FaultKind.ofRoutes.map(\.declaration.drawNumber)
        #expect(Set(numbers).count == numbers.count && numbers.allSatisfy { (1...15).contains($0) })
    }
}
