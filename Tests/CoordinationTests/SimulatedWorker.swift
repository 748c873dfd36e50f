@testable import Coordination

/// A worker machine with a pretended compute thread.
final class SimulatedWorker {
    let index: Int
    let connection: ConnectionIdentifier
    var machine: WorkerMachine
    let hello: Hello
    var hasData = true
    var isDead = false
    var isFrozen = false
    /// What a frozen worker will do when it wakes.
    var postponed: [() -> Void] = []
    var exit: (code: Int32, reason: String)?
    var content: [ContentIdentifier: [UInt8]] = [:]
    var completedSteps: UInt64 = 0
    var isBusy = false
    var isInterrupted = false
    var hasFinished = false
    /// Changes the digest of this worker's state, as a flipped bit would.
    var isCorrupt = false
    var view: View?

    init(index: Int, hello: Hello, now: UInt64) {
        self.index = index
        self.hello = hello
        connection = ConnectionIdentifier([0, UInt8(index)])
        machine = WorkerMachine(
            configuration: WorkerConfiguration(hello: hello, checksum: testChecksum), now: now)
    }

    var isHere: Bool { !isDead && exit == nil }

    var rank: Int? {
        view?.members.first { $0.name == hello.name }?.rank
    }

    var stateDigest: ContentDigest {
        SimulatedCluster.digest(ofStep: completedSteps, isCorrupt: isCorrupt)
    }
}
