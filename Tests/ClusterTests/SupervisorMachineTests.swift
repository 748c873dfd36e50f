import Coordination
import Glibc
import Testing

@testable import Cluster

/// In all of these the first coordinator is process 101, and the workers are 102 and 103.
@Suite struct SupervisorMachineTests {
    @Test func `the coordinator starts first and is told all workers once they run`() {
        var host = SupervisedHost()
        #expect(
            host.takeLog() == [
                .startCoordinator(isSuccessor: false, workerCount: 2), .startWorker(0), .startWorker(1),
                .tell(.coordinator, .children([102, 103])),
            ])
        host.wait(10_000_000)
        #expect(host.takeLog().isEmpty)
    }

    /// What a successor of the first coordinator is told.
    private func killed(at milliseconds: UInt64) -> SupervisorNews {
        .predecessor(
            CoordinatorLoss(
                reason: "the coordinator (pid 101) was killed by signal 9 (SIGKILL)",
                noticedMilliseconds: milliseconds))
    }

    // MARK: Workers

    @Test func `a killed worker is started again after a pause, and the coordinator hears of both`() {
        var host = SupervisedHost()
        _ = host.takeLog()
        host.kill(.worker(1))
        host.wait(99)
        #expect(host.takeLog() == [.tell(.coordinator, .ended(103, .signalled(number: 9, name: "SIGKILL")))])
        host.wait(1)
        #expect(host.takeLog() == [.startWorker(1), .tell(.coordinator, .started(104))])
    }

    @Test func `a stopped worker is killed at once and started again`() {
        var host = SupervisedHost()
        _ = host.takeLog()
        host.stop(.worker(0))
        host.wait(100)
        #expect(
            host.takeLog() == [
                .tell(.coordinator, .stopped(102)), .send(signal: SIGKILL, .worker(0)),
                .tell(.coordinator, .ended(102, .signalled(number: 9, name: "SIGKILL"))), .startWorker(0),
                .tell(.coordinator, .started(104)),
            ])
    }

    @Test func `with its restarts spent a worker stays away, and one line says so`() {
        var host = SupervisedHost()
        for _ in 0..<3 {
            host.kill(.worker(1))
            host.wait(5000)
        }
        #expect(host.notes == [])
        _ = host.takeLog()
        host.kill(.worker(1))
        host.wait(10_000_000)
        #expect(host.notes == ["worker-1 was restarted 3 times within an hour: the run goes on without it"])
        #expect(!host.log.contains(.startWorker(1)))
        host.kill(.worker(0))
        host.wait(100)
        #expect(host.log.contains(.startWorker(0)))
    }

    @Test func `with no restarts allowed nothing is started again or said`() {
        var host = SupervisedHost(restarts: 0)
        _ = host.takeLog()
        host.kill(.worker(1))
        host.wait(10_000_000)
        #expect(host.takeLog() == [.tell(.coordinator, .ended(103, .signalled(number: 9, name: "SIGKILL")))])
    }

    @Test(arguments: [70, 74, 75, 134, 143])
    func `a worker that failed is started again`(code: Int32) {
        var host = SupervisedHost()
        host.end(.worker(0), .exited(code: code))
        host.wait(100)
        #expect(host.log.suffix(2) == [.startWorker(0), .tell(.coordinator, .started(104))])
    }

    @Test(arguments: [0, 64, 65, 66, 69])
    func `a worker that left, or that cannot work here, is not`(code: Int32) {
        var host = SupervisedHost()
        _ = host.takeLog()
        host.end(.worker(0), .exited(code: code))
        host.wait(10_000)
        #expect(host.log.first == .tell(.coordinator, .ended(102, .exited(code: code))))
        #expect(!host.log.contains(.startWorker(0)))
        #expect(host.notes.count == (code == 0 ? 0 : 1))
    }

    @Test func `a worker that cannot be started is tried again as long as restarts are left`() {
        var host = SupervisedHost(restarts: 2)
        host.unstartable = [.worker(0)]
        host.kill(.worker(0))
        host.wait(100)
        #expect(host.processes[.worker(0)] == nil)
        host.wait(200)
        #expect(host.processes[.worker(0)] == 104)
        host.unstartable = [.worker(0)]
        host.kill(.worker(0))
        host.wait(10_000)
        #expect(host.processes[.worker(0)] == nil)
        #expect(host.notes.count == 1)
    }

    // MARK: The coordinator

    @Test(arguments: [1, 3, 63, 71, 128, 255])
    func `a coordinator's end with a code of no outcome is told in one line`(code: Int32) {
        var host = SupervisedHost()
        host.end(.coordinator, .exited(code: code))
        host.wait(3000)
        #expect(host.outcome == .exited(code))
        let note = "the coordinator (pid 101) ended with exit code \(code), which stands for no outcome of a run"
        #expect(host.notes == [note])
    }

    @Test(arguments: [0, 64, 65, 66, 69, 70, 74, 129, 130, 143])
    func `a coordinator's own end is the run's end, when the workers have followed`(code: Int32) {
        var host = SupervisedHost()
        _ = host.takeLog()
        host.end(.coordinator, .exited(code: code))
        host.end(.worker(0), .exited(code: 0))
        #expect(host.outcome == nil)
        host.end(.worker(1), .exited(code: 75))
        #expect(host.takeLog() == [.hangUpWorkers, .finish(.exited(code))])
    }

    @Test func `workers that do not follow are waited for only a while`() {
        var host = SupervisedHost()
        host.end(.coordinator, .exited(code: 65))
        host.wait(2999)
        #expect(host.outcome == nil)
        host.wait(1)
        #expect(host.outcome == .exited(65))
    }

    @Test func `a killed coordinator has a successor, which learns the workers, and they of it`() {
        var host = SupervisedHost()
        _ = host.takeLog()
        host.kill(.coordinator)
        #expect(host.notes.count == 1 && host.notes[0].contains("the coordinator (pid 101)"))
        _ = host.takeLog()
        host.wait(100)
        #expect(
            host.takeLog() == [
                .startCoordinator(isSuccessor: true, workerCount: 2), .tell(.coordinator, killed(at: 1000)),
                .tell(.coordinator, .children([102, 103])), .tell(.worker(0), .successor),
                .tell(.worker(1), .successor),
            ])
    }

    @Test func `a worker that dies or returns while no coordinator runs is in the successor's list as it is then`() {
        var host = SupervisedHost()
        host.kill(.worker(0))
        host.wait(50)
        host.kill(.coordinator)
        host.wait(60)
        host.kill(.worker(1))
        _ = host.takeLog()
        host.wait(200)
        #expect(
            host.takeLog() == [
                .startCoordinator(isSuccessor: true, workerCount: 2), .tell(.coordinator, killed(at: 1050)),
                .tell(.coordinator, .children([104])), .tell(.worker(0), .successor), .startWorker(1),
                .tell(.coordinator, .started(106)),
            ])
    }

    @Test func `a stopped coordinator is killed before its successor starts`() throws {
        var host = SupervisedHost()
        _ = host.takeLog()
        host.stop(.coordinator)
        #expect(host.log.first == .send(signal: SIGKILL, .coordinator))
        #expect(try #require(host.notes.first).contains("was stopped by a signal"))
        host.wait(100)
        #expect(host.log.contains(.startCoordinator(isSuccessor: true, workerCount: 2)))
    }

    @Test func `exit code 75 is taken up again, as long as restarts are left`() {
        var host = SupervisedHost(restarts: 2)
        for pause: UInt64 in [100, 200] {
            host.end(.coordinator, .exited(code: 75))
            #expect(host.outcome == nil)
            host.wait(pause)
        }
        #expect(host.processes[.coordinator] == 105)
        host.end(.coordinator, .exited(code: 75))
        host.wait(3000)
        #expect(host.outcome == .exited(75))
    }

    @Test func `without restarts a lost coordinator ends the run`() {
        var host = SupervisedHost(restarts: 0)
        host.stop(.coordinator)
        host.end(.worker(0), .exited(code: 75))
        host.end(.worker(1), .exited(code: 75))
        #expect(host.outcome == .coordinatorLost("the coordinator (pid 101) was stopped by a signal"))
    }

    @Test func `a coordinator is not started again when no worker is left to lead`() {
        var host = SupervisedHost()
        host.end(.worker(0), .exited(code: 65))
        host.end(.worker(1), .exited(code: 65))
        host.end(.coordinator, .exited(code: 75))
        #expect(host.outcome == .exited(75))
    }

    @Test func `a coordinator that is due does not start when the last worker has gone for good meanwhile`() {
        var host = SupervisedHost()
        host.kill(.coordinator)
        _ = host.takeLog()
        host.end(.worker(0), .exited(code: 65))
        host.end(.worker(1), .exited(code: 65))
        host.wait(100)
        #expect(host.outcome == .coordinatorLost("the coordinator (pid 101) was killed by signal 9 (SIGKILL)"))
        #expect(!host.log.contains(.startCoordinator(isSuccessor: true, workerCount: 0)))
    }

    @Test func `workers that left are there again for the successor of a coordinator that died after them`() {
        var host = SupervisedHost()
        host.end(.worker(0), .exited(code: 0))
        host.end(.worker(1), .exited(code: 0))
        _ = host.takeLog()
        host.kill(.coordinator)
        host.wait(100)
        #expect(
            host.log.dropFirst() == [
                .startCoordinator(isSuccessor: true, workerCount: 2), .tell(.coordinator, killed(at: 1000)),
                .tell(.coordinator, .children([])), .startWorker(0), .tell(.coordinator, .started(105)),
                .startWorker(1), .tell(.coordinator, .started(106)),
            ])
    }

    @Test func `a successor counts only on workers that are there or come back`() {
        var host = SupervisedHost(workers: 3)
        host.end(.worker(0), .exited(code: 64))
        host.kill(.worker(1))
        host.kill(.coordinator)
        host.wait(100)
        #expect(host.log.contains(.startCoordinator(isSuccessor: true, workerCount: 2)))
    }

    // MARK: Signals

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func `the first signal reaches the coordinator, the second ends everything`(first: Int32) {
        var host = SupervisedHost()
        _ = host.takeLog()
        host.signal(first)
        #expect(host.takeLog() == [.send(signal: first, .coordinator)])
        host.signal(SIGTERM)
        #expect(host.outcome == .interrupted(signal: SIGTERM, wasLed: true))
    }

    @Test func `a hang-up may be repeated`() {
        var host = SupervisedHost()
        host.signal(SIGHUP)
        host.signal(SIGHUP)
        #expect(host.outcome == nil)
        host.end(.coordinator, .exited(code: 129))
        host.wait(3000)
        #expect(host.outcome == .exited(129))
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func `a signal's end has the coordinator's exit code`(signal: Int32) {
        var host = SupervisedHost()
        host.signal(signal)
        host.end(.coordinator, .exited(code: 128 + signal))
        host.wait(3000)
        #expect(host.outcome == .exited(128 + signal))
    }

    @Test func `while no coordinator runs the first signal ends everything`() {
        var host = SupervisedHost()
        host.kill(.coordinator)
        host.signal(SIGINT)
        #expect(host.outcome == .interrupted(signal: SIGINT, wasLed: false))
    }

    @Test func `after a signal nobody is started again`() {
        var host = SupervisedHost()
        host.kill(.worker(0))
        host.signal(SIGINT)
        _ = host.takeLog()
        host.kill(.worker(1))
        host.wait(10_000)
        #expect(host.takeLog() == [.tell(.coordinator, .ended(103, .signalled(number: 9, name: "SIGKILL")))])
        host.kill(.coordinator)
        #expect(
            host.outcome == .coordinatorLost("the coordinator (pid 101) was killed by signal 9 (SIGKILL)"))
    }
}
