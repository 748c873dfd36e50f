import Core

@testable import Coordination

/// Short ways to make what the coordinator's machines work on.
enum CoordinatorFixtures {
    static func configuration(
        workers: Int = 2, _ adjust: (inout CoordinatorConfiguration) -> Void = { _ in }
    ) -> CoordinatorConfiguration {
        var configuration = CoordinatorConfiguration(
            job: JobIdentifier(high: 1, low: 2), experiment: "name: test\n",
            experimentDigest: SampleMessages.digest(50),
            arithmeticVersion: 3, microBatchCount: 8, bounds: bounds, workerCount: workers,
            processSpace: space(ofHost: "here"),
            data: [])
        adjust(&configuration)
        return configuration
    }

    static func hello(_ number: Int, host: String = "here", hostIdentifier: UInt64 = 1) -> Hello {
        Hello(
            name: "w\(number)", nonce: ProcessNonce(high: 0, low: UInt64(number)), host: host,
            hostIdentifier: HostIdentifier(high: 0, low: hostIdentifier), processSpace: space(ofHost: host),
            processIdentifier: Int32(1000 + number), build: "test",
            arithmeticVersion: 3, instructionSet: "avx2", dataDigests: [], inboxAddress: "inbox \(number)",
            threadCount: 1)
    }

    static let bounds = RunBounds(stepsPerEpoch: 1 << 20, epochCount: 100, stateByteLimit: 1 << 30)

    static func space(ofHost name: String) -> ProcessSpace {
        ProcessSpace(high: 0, low: name == "here" ? 1 : 2)
    }

    static func connection(_ number: Int) -> ConnectionIdentifier { ConnectionIdentifier([UInt8(number)]) }

    static func ready(_ rounds: UInt64, digest: UInt8 = 1, generation: UInt64 = 1) -> Ready {
        Ready(
            generation: generation, position: Position(rounds: rounds, completedSteps: rounds, completedEpochs: 0),
            stateDigest: SampleMessages.digest(digest))
    }

    /// Workers w0, w1, … that joined at time 0.
    static func roster(_ count: Int, host: String = "here") -> Roster {
        var roster = Roster()
        for number in 0..<count {
            _ = roster.add(
                hello(number, host: host), from: connection(number), isLocal: host == "here", isAttached: false, now: 0)
        }
        return roster
    }

    static func progress(_ steps: UInt64, counter: UInt64, phase: WorkerPhase = .computing) -> Progress {
        Progress(generation: 1, completedSteps: steps, phase: phase, counter: counter)
    }
}
