import Core
import Testing

@testable import Coordination

@Suite struct RankMachineTests {
    private func running(restarts: Int = 2) -> RankMachine {
        var machine = RankMachine(name: "worker-3", restartLimit: restarts)
        #expect(machine.begin() == [.start])
        machine.started(70)
        return machine
    }

    @Test func `a worker that is killed starts again after a pause, until its restarts are used up`() throws {
        var machine = running()
        for time in [1000, 2000] as [UInt64] {
            #expect(
                machine.ended(.signalled(.kill), now: time)
                    == [.note("worker-3 (pid 70) was killed by signal 9 (SIGKILL): starting it again")])
            let due = try #require(machine.deadline)
            #expect(machine.tick(now: due - 1) == [] && machine.tick(now: due) == [.start])
            machine.started(70)
        }
        #expect(machine.ended(.signalled(.kill), now: 3000).last == .finish(137))
    }

    @Test func `an end that a restart would repeat is the end of the rank`() {
        for code in [0, 64, 65, 66, 69, 75, 77] as [Int32] {
            var machine = running()
            #expect(machine.ended(.exited(code: code), now: 5) == [.finish(code)])
        }
        var machine = running()
        #expect(machine.ended(.exited(code: 70), now: 5).count == 1 && machine.deadline != nil)
    }

    @Test func `a signal is passed on, and the worker's end is the rank's`() {
        var machine = running()
        #expect(machine.signalled(.terminate) == [.send(.terminate)])
        #expect(machine.signalled(.terminate) == [.send(.terminate)])
        #expect(machine.ended(.exited(code: 143), now: 9) == [.finish(143)])
        var waiting = running()
        _ = waiting.ended(.signalled(.kill), now: 5)
        #expect(waiting.signalled(.terminate) == [.finish(143)])
    }

    @Test func `a suspended worker is killed, and a failed start is tried again`() {
        var machine = running()
        #expect(machine.stopped() == [.send(.kill)])
        var failing = RankMachine(name: "worker-3", restartLimit: 1)
        _ = failing.begin()
        #expect(failing.startFailed(" did not start", now: 5) == [.note("worker-3 did not start: starting it again")])
        #expect(failing.startFailed(" did not start", now: 9).last == .finish(70))
    }
}
