import Core
import Testing

@testable import Coordination

/// In all of these the first coordinator is process 101, and the workers are 102 and 103.
@Suite struct SupervisorMachineTests {
    @Test func `the coordinator starts first and gets the list of workers once all run`() {
        var host = SupervisedHost()
        #expect(
            host.takeLog() == [
                .startCoordinator(isSuccessor: false, workerCount: 2), .startWorker(0), .startWorker(1),
                .notify(.coordinator, .children([102, 103])),
            ])
        host.wait(10_000_000)
        #expect(host.takeLog().isEmpty)
    }

    /// What a successor of the first coordinator is notified of.
    private func killed(at milliseconds: UInt64) -> SupervisorNews {
        .predecessor(
            CoordinatorLoss(
                reason: "the coordinator (pid 101) was killed by signal 9 (SIGKILL)",
                noticedMilliseconds: milliseconds))
    }

    // MARK: Workers

    @Test func `a killed worker is restarted after a pause, and the coordinator is notified of both`() {
        var host = SupervisedHost()
        _ = host.takeLog()
        host.kill(.worker(1))
        host.wait(99)
        #expect(host.takeLog() == [.notify(.coordinator, .ended(103, .signalled(.kill)))])
        host.wait(1)
        #expect(host.takeLog() == [.startWorker(1), .notify(.coordinator, .started(104))])
    }

    @Test func `a suspended worker is killed at once and restarted`() {
        var host = SupervisedHost()
        _ = host.takeLog()
        host.stop(.worker(0))
        host.wait(100)
        #expect(
            host.takeLog() == [
                .notify(.coordinator, .stopped(102)), .send(.kill, .worker(0)),
                .notify(.coordinator, .ended(102, .signalled(.kill))), .startWorker(0),
                .notify(.coordinator, .started(104)),
            ])
    }

    @Test func `a worker without restarts left is not restarted, and one line is shown`() {
        var host = SupervisedHost()
        for _ in 0..<3 {
            host.kill(.worker(1))
            host.wait(5000)
        }
        #expect(host.notes == [])
        _ = host.takeLog()
        host.kill(.worker(1))
        host.wait(10_000_000)
        #expect(host.notes == ["worker-1 was restarted 3 times within an hour: the run continues without it"])
        #expect(!host.log.contains(.startWorker(1)))
        host.kill(.worker(0))
        host.wait(100)
        #expect(host.log.contains(.startWorker(0)))
    }

    @Test func `without restarts nothing is restarted and no line is shown`() {
        var host = SupervisedHost(restarts: 0)
        _ = host.takeLog()
        host.kill(.worker(1))
        host.wait(10_000_000)
        #expect(host.takeLog() == [.notify(.coordinator, .ended(103, .signalled(.kill)))])
    }

    @Test(arguments: [70, 74, 75, 134, 143])
    func `a worker that failed is restarted`(code: Int32) {
        var host = SupervisedHost()
        host.end(.worker(0), .exited(code: code))
        host.wait(100)
        #expect(host.log.suffix(2) == [.startWorker(0), .notify(.coordinator, .started(104))])
    }

    @Test(arguments: [0, 64, 65, 66, 69])
    func `a worker that exited with success or with a final code is not restarted`(code: Int32) {
        var host = SupervisedHost()
        _ = host.takeLog()
        host.end(.worker(0), .exited(code: code))
        host.wait(10_000)
        #expect(host.log.first == .notify(.coordinator, .ended(102, .exited(code: code))))
        #expect(!host.log.contains(.startWorker(0)))
        #expect(host.notes.count == (code == 0 ? 0 : 1))
    }

    @Test func `a worker that cannot be started is tried again while restarts are left`() {
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
    func `an unknown exit code of a coordinator is shown in one line`(code: Int32) {
        var host = SupervisedHost()
        host.end(.coordinator, .exited(code: code))
        host.wait(3000)
        #expect(host.outcome == .exited(code))
        let note = "the coordinator (pid 101) ended with the unknown exit code \(code)"
        #expect(host.notes == [note])
    }

    @Test(arguments: [0, 64, 65, 66, 69, 70, 74, 129, 130, 143])
    func `the run ends with the coordinator's exit code after the workers have exited`(code: Int32) {
        var host = SupervisedHost()
        _ = host.takeLog()
        host.end(.coordinator, .exited(code: code))
        host.end(.worker(0), .exited(code: 0))
        #expect(host.outcome == nil)
        host.end(.worker(1), .exited(code: 75))
        #expect(host.takeLog() == [.hangUpWorkers, .finish(.exited(code))])
    }

    @Test func `workers that do not exit are waited for during the grace period only`() {
        var host = SupervisedHost()
        host.end(.coordinator, .exited(code: 65))
        host.wait(2999)
        #expect(host.outcome == nil)
        host.wait(1)
        #expect(host.outcome == .exited(65))
    }

    @Test func `a killed coordinator gets a successor, which is notified of the workers, and they of it`() {
        var host = SupervisedHost()
        _ = host.takeLog()
        host.kill(.coordinator)
        #expect(host.notes.count == 1 && host.notes[0].contains("the coordinator (pid 101)"))
        _ = host.takeLog()
        host.wait(100)
        #expect(
            host.takeLog() == [
                .startCoordinator(isSuccessor: true, workerCount: 2), .notify(.coordinator, killed(at: 1000)),
                .notify(.coordinator, .children([102, 103])), .notify(.worker(0), .successor),
                .notify(.worker(1), .successor),
            ])
    }

    @Test func `the successor's list has the workers that run when it starts`() {
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
                .startCoordinator(isSuccessor: true, workerCount: 2), .notify(.coordinator, killed(at: 1050)),
                .notify(.coordinator, .children([104])), .notify(.worker(0), .successor), .startWorker(1),
                .notify(.coordinator, .started(106)),
            ])
    }

    @Test func `a suspended coordinator is killed before its successor starts`() throws {
        var host = SupervisedHost()
        _ = host.takeLog()
        host.stop(.coordinator)
        #expect(host.log.first == .send(.kill, .coordinator))
        #expect(try #require(host.notes.first).contains("was stopped by a signal"))
        host.wait(100)
        #expect(host.log.contains(.startCoordinator(isSuccessor: true, workerCount: 2)))
    }

    @Test func `a coordinator that exited with 75 gets a successor while restarts are left`() {
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

    @Test func `a coordinator gets no successor when no worker is left`() {
        var host = SupervisedHost()
        host.end(.worker(0), .exited(code: 65))
        host.end(.worker(1), .exited(code: 65))
        host.end(.coordinator, .exited(code: 75))
        #expect(host.outcome == .exited(75))
    }

    @Test func `a scheduled successor does not start when the last worker is gone meanwhile`() {
        var host = SupervisedHost()
        host.kill(.coordinator)
        _ = host.takeLog()
        host.end(.worker(0), .exited(code: 65))
        host.end(.worker(1), .exited(code: 65))
        host.wait(100)
        #expect(host.outcome == .coordinatorLost("the coordinator (pid 101) was killed by signal 9 (SIGKILL)"))
        #expect(!host.log.contains(.startCoordinator(isSuccessor: true, workerCount: 0)))
    }

    @Test func `workers that exited with success restart for the successor of a coordinator that died after them`() {
        var host = SupervisedHost()
        host.end(.worker(0), .exited(code: 0))
        host.end(.worker(1), .exited(code: 0))
        _ = host.takeLog()
        host.kill(.coordinator)
        host.wait(100)
        #expect(
            host.log.dropFirst() == [
                .startCoordinator(isSuccessor: true, workerCount: 2), .notify(.coordinator, killed(at: 1000)),
                .notify(.coordinator, .children([])), .startWorker(0), .notify(.coordinator, .started(105)),
                .startWorker(1), .notify(.coordinator, .started(106)),
            ])
    }

    @Test func `a successor is started for the workers that run or will restart`() {
        var host = SupervisedHost(workers: 3)
        host.end(.worker(0), .exited(code: 64))
        host.kill(.worker(1))
        host.kill(.coordinator)
        host.wait(100)
        #expect(host.log.contains(.startCoordinator(isSuccessor: true, workerCount: 2)))
    }

    // MARK: Signals

    @Test(arguments: [ProcessSignal.interrupt, .terminate, .hangUp, ProcessSignal(rawValue: 10)])
    func `the first signal is passed to the coordinator, a second SIGINT ends all processes`(first: ProcessSignal) {
        var host = SupervisedHost()
        _ = host.takeLog()
        host.signal(first)
        #expect(host.takeLog() == [.notify(.coordinator, .stop(first))])
        host.wait(250)
        host.signal(.interrupt)
        #expect(host.outcome == .endedAtOnce(.interrupt))
    }

    @Test(arguments: [ProcessSignal.interrupt, .terminate, .hangUp])
    func `a signal that is delivered twice, or that a scheduler repeats, is one request`(first: ProcessSignal) {
        var host = SupervisedHost()
        host.signal(first)
        host.signal(first)
        host.wait(5000)
        host.signal(.terminate)
        host.signal(.hangUp)
        #expect(host.outcome == nil)
        host.end(.coordinator, .exited(code: ProcessExitCode.signal(first.rawValue)))
        host.wait(3000)
        #expect(host.outcome == .exited(ProcessExitCode.signal(first.rawValue)))
    }

    @Test func `a run that does not end within the grace time is ended`() {
        var host = SupervisedHost()
        host.signal(.terminate)
        host.wait(22_999)
        #expect(host.outcome == nil)
        host.wait(1)
        #expect(host.outcome == .graceExceeded(.terminate))
    }

    @Test func `while no coordinator runs its successor starts at once, and is notified of the signal`() {
        var host = SupervisedHost()
        host.kill(.coordinator)
        _ = host.takeLog()
        host.signal(.interrupt)
        host.wait(0)
        let log = host.takeLog()
        #expect(log.first == .startCoordinator(isSuccessor: true, workerCount: 2))
        #expect(log.contains(.notify(.coordinator, .stop(.interrupt))))
        #expect(host.outcome == nil)
    }

    @Test func `after a signal no worker is restarted, and a killed coordinator has a successor that saves`() {
        var host = SupervisedHost()
        host.kill(.worker(0))
        host.signal(.interrupt)
        _ = host.takeLog()
        host.kill(.coordinator)
        host.wait(100)
        let log = host.takeLog()
        #expect(log.contains(.startCoordinator(isSuccessor: true, workerCount: 1)))
        #expect(log.contains(.notify(.coordinator, .stop(.interrupt))))
        #expect(!log.contains(.startWorker(0)))
        host.kill(.worker(1))
        host.end(.coordinator, .exited(code: 130))
        #expect(host.outcome == .exited(130))
    }
}
