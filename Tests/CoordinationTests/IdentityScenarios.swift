import Testing

@testable import Coordination

/// A nonce identifies a process. Equal names, hosts and process identifiers prove nothing.
@Suite("Which process a worker is")
struct IdentityScenarios {
    private static let stranger = ConnectionIdentifier([0, 77])

    /// A run of workers on other hosts, so that no parent reports their ends.
    private func remoteRun() throws -> SimulatedCluster { try longRun { $0.remoteSlots = [0, 1, 2] } }

    @Test(arguments: [1, 100, 300, 900])
    func `a process started again in place takes the dead one's place within a second`(
        pause: Int
    ) throws {
        let cluster = try remoteRun()
        cluster.at(1000) { cluster.workers[1].isDead = true }
        cluster.at(UInt64(1000 + pause)) { cluster.restartInPlace(cluster.workers[1]) }
        cluster.at(UInt64(2000 + pause)) {
            #expect(
                cluster.views[2]?.members.map(\.name) == ["worker-0", "worker-2"], "the dead one is still a member")
        }
        cluster.expectCompletion()
        #expect(cluster.warned("'worker-1' (rank 1, pid 1002, host 'there-1')", "was replaced by another process"))
        #expect(cluster.workers[1].exit?.code == 0 && cluster.refusals.isEmpty)
        #expect(cluster.views.values.max { $0.generation < $1.generation }?.ownerCount == 3)
    }

    @Test func `a stranger with the name of a worker that lives is refused with one line, and the worker stays`() throws
    {
        let cluster = try remoteRun()
        var hello = SampleMessages.hello
        (hello.name, hello.experimentDigest) = ("worker-1", nil)
        for time in [1000, 1100, 1200] as [UInt64] {
            cluster.at(time) {
                cluster.onCoordinator { process in
                    cluster.perform(
                        process.machine.received(.hello(hello), from: Self.stranger, now: cluster.now), of: process)
                }
            }
        }
        cluster.expectCompletion()
        let reasons = cluster.refusals.map(\.refusal)
        #expect(reasons.map(\.kind) == [.duplicate] && cluster.refusals.first?.connection == Self.stranger)
        #expect(reasons.first?.reason.contains("a worker named 'worker-1' has already joined and is alive") == true)
        #expect(cluster.logs.count { $0.text.contains("refused worker 'worker-1' (pid 4242, host 'höst')") } == 1)
        #expect(cluster.views.count == 1)
    }

    @Test func `a name is contested only while its worker is silent, however often it is claimed`() throws {
        let cluster = try remoteRun()
        for number in 0..<40 as Range<UInt64> {
            cluster.at(1000 + number * 100) {
                var hello = SampleMessages.hello
                (hello.name, hello.experimentDigest) = ("worker-1", nil)
                hello.nonce = ProcessNonce(high: 1, low: number)
                let connection = ConnectionIdentifier([0, UInt8(number)])
                cluster.onCoordinator { process in
                    cluster.perform(
                        process.machine.received(.hello(hello), from: connection, now: cluster.now), of: process)
                }
            }
        }
        cluster.expectCompletion()
        #expect(cluster.refusals.count == 40 && cluster.views.count == 1)
    }

    @Test func `a worker that was replaced while it was suspended is refused when it returns`() throws {
        let cluster = try remoteRun()
        let suspended = cluster.workers[1]
        cluster.at(1000) { cluster.pause(suspended, for: 5000) }
        cluster.at(1100) { cluster.start(cluster.addWorker(1)) }
        cluster.expectCompletion()
        #expect(cluster.warned("'worker-1'", "was replaced by another process"))
        #expect(cluster.workers[1].exit?.code == 0)
    }

    /// Slot 1 is a container on another host: its host's name and its process identifier are those of slot 0, a child
    /// of the supervisor.
    private func runWithContainer() throws -> SimulatedCluster {
        let cluster = try longRun { $0.remoteSlots = [1] }
        let child = cluster.workers[0].hello
        cluster.addWorker(1) {
            $0.host = child.host
            $0.processIdentifier = child.processIdentifier
        }
        return cluster
    }

    @Test func `the end of a child is not the end of a container's process with its identifier`() throws {
        for slot in [0, 1] {
            let cluster = try runWithContainer()
            // The one that joins first is found first.
            if slot == 1 { cluster.pause(cluster.workers[0], for: 20) }
            cluster.at(1000) { cluster.kill(cluster.workers[0]) }
            cluster.expectCompletion()
            #expect(cluster.views[2]?.members.map(\.name) == ["worker-1", "worker-2"])
            #expect(!cluster.warned("'worker-1'"))
        }
    }

    @Test func `a container's process that is silent does not get a child with its identifier killed`() throws {
        let cluster = try runWithContainer()
        cluster.at(1000) { cluster.pause(cluster.workers[1], for: 100_000) }
        cluster.expectCompletion()
        #expect(cluster.warned("'worker-1'", "sent no heartbeat for 1900 ms"))
        #expect(cluster.terminated.isEmpty && cluster.workers[0].exit?.code == 0)
    }

    @Test func `messages that have no effect are no progress`() throws {
        let cluster = try longRun()
        let stuck = cluster.workers[1]
        cluster.at(1000) { stuck.stepMilliseconds = 10_000_000...10_000_000 }
        for time in stride(from: UInt64(1500), to: 200_000, by: 500) {
            cluster.at(time) {
                guard stuck.isHere else { return }
                let generation = cluster.coordinator.machine.membership.generation
                guard let digest = cluster.coordinator.machine.membership.viewDigest else { return }
                let repeated: [WorkerMessage] = [
                    .ready(Ready(generation: 0, position: .start, stateDigest: digest)),
                    .linked(Linked(generation: generation, stateDigest: digest, sharesMemory: true)),
                    .epochEnded(cluster.training.report(1, state: nil)),
                    .contentRequest(
                        ContentRequest(content: .data(SimulatedCluster.dataDigest), firstChunk: 0, chunkCount: 1)),
                ]
                for message in repeated { cluster.sendToCoordinator(message, from: stuck) }
            }
        }
        cluster.expectCompletion()
        #expect(cluster.warned("'worker-1' (rank 1", "made no progress for 120 s"))
    }
}
