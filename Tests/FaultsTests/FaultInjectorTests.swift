import Glibc
import Runs
import Synchronization
import TestSupport
import Testing

@testable import Faults

@Suite struct FaultInjectorTests {
    private let folder: TemporaryFolder
    private let watch = Watch()

    init() throws { folder = try TemporaryFolder() }

    private func injector(_ text: String, target: FaultTarget = .worker(1)) throws -> FaultInjector {
        let plan = try FaultPlan(text: text)
        return try #require(FaultInjector(plan, target: target, folder: folder.path, effects: watch.effects))
    }

    @Test func `a process without faults has no injector`() throws {
        let plan = try FaultPlan(text: "kill worker=1 step=7\n")
        #expect(FaultInjector(plan, target: .worker(0), folder: folder.path) == nil)
        #expect(FaultInjector(plan, target: .coordinator, folder: folder.path) == nil)
        #expect(FaultInjector(FaultPlan(), target: .worker(1), folder: folder.path) == nil)
    }

    @Test func `a fault is triggered at its step and phase, once, and leaves a line that replays it`() throws {
        let injector = try injector("kill worker=1 step=7 phase=all-gather")
        injector.reach(.allGather, step: 6)
        injector.reach(.computing, step: 7)
        #expect(watch.events.isEmpty)
        injector.reach(.allGather, step: 7)
        injector.reach(.allGather, step: 8)
        let text = "kill worker=1 step=7 phase=all-gather"
        #expect(watch.events == ["fault: \(text) (again with: --fault '\(text)')", "kill KILL"])
        let line = try folder.text("fired.jsonl")
        #expect(
            line == """
                {"number":0,"fault":"\(text)","process":"worker-1","pid":\(getpid()),"phase":"all-gather","step":7,\
                "monotonic_ns":1000000}

                """)
    }

    @Test func `a process that starts again does not trigger the same fault again`() throws {
        try injector("exit worker=1 step=7 code=3").reach(.computing, step: 7)
        try injector("exit worker=1 step=7 code=3").reach(.computing, step: 7)
        #expect(watch.acts == ["exit 3"])
    }

    @Test func `a fault whose step was passed is triggered at the next step`() throws {
        let injector = try injector("stop worker=1 step=7 phase=validating for=30")
        injector.reach(.validating, step: 5)
        injector.reach(.validating, step: 10)
        #expect(watch.acts == ["stop 30"])
    }

    @Test func `occurrences are counted`() throws {
        let injector = try injector("kill worker=1 phase=linking occurrence=3 signal=ABRT")
        for _ in 0..<2 { injector.reach(.linking, step: 0) }
        #expect(watch.acts.isEmpty)
        injector.reach(.linking, step: 4)
        #expect(watch.acts == ["kill ABRT"])
    }

    @Test func `without a phase any point of the coordinator will do`() throws {
        let injector = try injector("kill coordinator step=3", target: .coordinator)
        injector.reach(.grant, step: 2)
        injector.reach(.journal, step: 4)
        #expect(watch.acts == ["kill KILL"])
    }

    @Test func `times run from the first step of the run, in a process that starts later too`() throws {
        let plan = "kill worker=1 after=500\nkill worker=0 after=10"
        let other = try #require(
            FaultInjector(try FaultPlan(text: plan), target: .worker(0), folder: folder.path, effects: watch.effects))
        other.reach(.hello, step: 0)
        #expect(watch.acts.isEmpty)
        other.reach(.computing, step: 1)
        #expect(watch.acts == ["sleep 11", "kill KILL"])
        watch.advance(milliseconds: 200)
        _ = try injector(plan)
        #expect(watch.acts == ["sleep 11", "kill KILL", "sleep 290", "kill KILL"])
    }

    @Test func `a slow worker pauses at each step until the time is over`() throws {
        let injector = try injector("slow worker=1 step=2 add=20 for=100")
        injector.reach(.computing, step: 1)
        for step in 2..<5 {
            injector.reach(.computing, step: UInt64(step))
            watch.advance(milliseconds: 15)
        }
        watch.advance(milliseconds: 100)
        injector.reach(.computing, step: 5)
        injector.reach(.computing, step: 6)
        #expect(watch.acts == ["sleep 20", "sleep 20", "sleep 20"])
    }

    @Test func `a factor multiplies the duration of a step`() throws {
        let injector = try injector("slow worker=1 step=1 factor=3")
        for step in 1..<4 {
            injector.reach(.computing, step: UInt64(step))
            watch.advance(milliseconds: 10)
        }
        #expect(watch.acts == ["sleep 20", "sleep 20"])
    }

    @Test func `file faults make a number of operations of their kind fail`() throws {
        let injector = try injector(
            "fail-rename coordinator step=1 times=2 file=last\ndisk-full coordinator step=2 for=50",
            target: .coordinator)
        let intercept = try #require(injector.fileInterceptor)
        #expect(intercept(.rename, "a/last.tmp") == .proceed)
        injector.reach(.grant, step: 1)
        #expect(intercept(.write, "a/last.tmp") == .proceed)
        #expect(intercept(.rename, "last/other") == .proceed)
        #expect(intercept(.rename, "a/last.tmp") == .fail(EIO))
        #expect(intercept(.rename, "last.safetensors") == .fail(EIO))
        #expect(intercept(.rename, "last.safetensors") == .proceed)
        injector.reach(.grant, step: 2)
        #expect(intercept(.allocate, "x") == .fail(ENOSPC) && intercept(.write, "x") == .fail(ENOSPC))
        #expect(intercept(.rename, "x") == .proceed)
        watch.advance(milliseconds: 51)
        #expect(intercept(.write, "x") == .proceed)
    }

    @Test func `a process whose faults are not of files does not intercept`() throws {
        #expect(try injector("kill coordinator step=1", target: .coordinator).fileInterceptor == nil)
    }

    @Test func `one bit of a gradient flips, at its step only`() throws {
        let injector = try injector("flip-gradient worker=1 step=2 bit=31 element=6")
        var gradient: [Float] = [1, 2, 3, 4]
        func flip() { gradient.withUnsafeMutableBufferPointer { injector.flip(gradient: $0) } }
        injector.reach(.computing, step: 1)
        flip()
        #expect(gradient == [1, 2, 3, 4])
        injector.reach(.computing, step: 2)
        flip()
        flip()
        #expect(gradient == [1, 2, -3, 4])
    }

    @Test func `one bit of a file flips`() throws {
        try folder.write("abc", to: "file")
        let injector = try injector(
            "flip-checkpoint coordinator phase=checkpoint-written element=4 bit=0", target: .coordinator)
        injector.flip(checkpoint: folder.path + "/file")
        #expect(try folder.text("file") == "abc")
        injector.reach(.checkpointWritten, step: 10)
        injector.flip(checkpoint: folder.path + "/file")
        injector.flip(checkpoint: folder.path + "/file")
        #expect(try folder.text("file") == "acc")
    }

    @Test func `a proxy receives network faults when they are triggered`() throws {
        let text = "partition worker=1 step=3 direction=in for=70"
        let injector = try injector(text + "\nreset worker=1 step=4")
        var pipe = try NetworkFaultPipe(folder: folder.path)
        #expect(pipe.read() == [])
        injector.reach(.computing, step: 3)
        injector.reach(.computing, step: 4)
        let events = pipe.read()
        #expect(events.map(\.fault.description) == [text, "reset worker=1 step=4"])
        #expect(events.allSatisfy { $0.processIdentifier == getpid() })
        #expect(pipe.read() == [])
    }

    @Test func `a network fault without a proxy is reported`() throws {
        try injector("reset worker=1 step=4").reach(.computing, step: 4)
        #expect(watch.events.last == "fault: no proxy is running for 'reset worker=1 step=4'")
    }

    @Test func `the plan travels in the environment`() throws {
        let plan = try FaultPlan(text: "kill worker=1 step=7\nstop coordinator step=2")
        let environment = try FaultEnvironment.variables(plan, folder: folder.path)
        #expect(try FaultEnvironment.injector(for: .worker(1), environment)?.target == .worker(1))
        #expect(try FaultEnvironment.injector(for: .coordinator, environment) != nil)
        #expect(try FaultEnvironment.injector(for: .worker(0), environment) == nil)
        #expect(try FaultEnvironment.injector(for: .worker(1), [:]) == nil)
        let path = try #require(environment[FaultEnvironment.planVariable])
        #expect(throws: FaultError.self) {
            try FaultEnvironment.injector(for: .worker(1), [FaultEnvironment.planVariable: path])
        }
    }

    @Test func `a day of random faults fits into the environment`() throws {
        let plan = RandomFaults.lasting(workerCount: 4).plan(seed: 7, ratePerMinute: 20, minutes: 24 * 60)
        #expect(plan.faults.count > 1000)
        let environment = try FaultEnvironment.variables(plan, folder: folder.path)
        // Linux takes no longer string.
        #expect(environment.allSatisfy { $0.key.utf8.count + $0.value.utf8.count < 131_070 })
        #expect(try FaultEnvironment.injector(for: .coordinator, environment) != nil)
    }
}
