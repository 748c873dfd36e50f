import Core
import Testing

@testable import Coordination

/// Worker 1 runs on another host; its process here, 103, is a connection. The coordinator is process 101.
@Suite struct RemoteWorkerTests {
    private func host(restarts: Int = 3) -> SupervisedHost {
        SupervisedHost(restarts: restarts, remoteHosts: [1: "host2"])
    }

    private static let lost = ChildStatus.exited(code: ProcessExitCode.connectionLost)

    /// The pauses until worker 1 is started again, one after another, when each connection is lost at once.
    private func pauses(_ count: Int, in host: inout SupervisedHost) -> [UInt64] {
        var pauses: [UInt64] = []
        for _ in 0..<count {
            host.end(.worker(1), Self.lost)
            let lostAt = host.now
            while host.processes[.worker(1)] == nil, host.now < lostAt + 100_000 { host.wait(500) }
            pauses.append(host.now - lostAt)
        }
        return pauses
    }

    @Test func `the coordinator is notified of its own host's processes alone`() {
        var host = host()
        #expect(host.log.last == .notify(.coordinator, .children([102])))
        _ = host.takeLog()
        host.kill(.worker(1))
        host.wait(100)
        host.stop(.worker(1))
        host.wait(1000)
        #expect(!host.log.contains { if case .notify = $0 { true } else { false } })
        #expect(host.log.contains(.send(.kill, .worker(1))) && host.log.contains(.startWorker(1)))
    }

    @Test func `a lost connection is made again after growing pauses, for as long as the run lasts and with one line`()
    {
        var host = host()
        #expect(pauses(9, in: &host) == [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000])
        #expect(host.notes == ["worker-1: no connection to host2: trying again until the run ends"])
    }

    @Test func `a connection that lasted a minute begins anew`() {
        var host = host()
        #expect(pauses(2, in: &host) == [1000, 2000])
        host.wait(60_000)
        #expect(pauses(2, in: &host) == [1000, 2000])
        #expect(host.notes.count == 2)
    }

    @Test func `a remote worker that died is restarted within the budget, and named with its host`() {
        var host = host()
        for _ in 0..<4 {
            host.kill(.worker(1))
            host.wait(5000)
        }
        #expect(
            host.notes.suffix(2) == [
                "worker-1 on host2 was killed by signal 9 (SIGKILL)",
                "worker-1 was restarted 3 times within an hour: the run continues without it",
            ])
        #expect(host.processes[.worker(1)] == nil)
    }

    @Test func `a coordinator that was unreachable is a reason to start a remote worker again, bad data is none`() {
        var host = host()
        host.end(.worker(1), .exited(code: ProcessExitCode.unreachable))
        host.wait(100)
        #expect(host.processes[.worker(1)] != nil)
        host.end(.worker(1), .exited(code: ProcessExitCode.badData))
        host.wait(100_000)
        #expect(host.processes[.worker(1)] == nil)
        #expect(host.notes.last?.hasPrefix("worker-1 on host2 ended with exit code 65, which a restart") == true)
    }

    @Test func `the end of a local worker with ssh's code is nothing special`() {
        var host = host()
        host.end(.worker(0), Self.lost)
        host.wait(100)
        #expect(host.processes[.worker(0)] != nil)
        #expect(host.notes.isEmpty)
    }

    @Test func `without restarts, and after a signal that asks for the end, no connection is made again`() {
        var without = host(restarts: 0)
        without.end(.worker(1), Self.lost)
        without.wait(100_000)
        #expect(without.processes[.worker(1)] == nil)
        #expect(without.notes == ["worker-1: no connection to host2: the run continues without it"])
        var stopped = host()
        stopped.end(.worker(1), Self.lost)
        stopped.signal(.interrupt)
        stopped.wait(15_000)
        #expect(stopped.processes[.worker(1)] == nil)
        stopped.end(.worker(0), Self.lost)
        stopped.end(.coordinator, .exited(code: 130))
        #expect(stopped.outcome == .exited(130))
    }

    @Test func `a run whose workers are all unreachable gets a successor that waits for them`() {
        var host = SupervisedHost(remoteHosts: [0: "host1", 1: "host2"])
        host.end(.worker(0), Self.lost)
        host.end(.worker(1), Self.lost)
        host.end(.coordinator, .exited(code: ProcessExitCode.requeue))
        host.wait(1000)
        #expect(host.log.contains(.startCoordinator(isSuccessor: true, workerCount: 2)))
        #expect(host.processes[.worker(0)] != nil && host.processes[.worker(1)] != nil)
    }
}
