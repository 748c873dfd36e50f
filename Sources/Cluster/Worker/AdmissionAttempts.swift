import Transport

/// Decides from the failed handshakes of a worker's control connection whether the coordinator will ever admit it.
///
/// A coordinator that does not admit the worker's key, or that has keys where the worker has none, answers so at once.
/// One with another key than the worker expects can only close the connection, as one does that has no descriptors left:
/// that counts after a few attempts and seconds, because idle connections time out. One that has accepted a connection
/// without an answer did not find the key wrong: from then on closed connections do not count, and the worker's deadline
/// for an answer decides. Once the coordinator has sent a message, nothing counts: its successor may be about to start.
struct AdmissionAttempts {
    enum Step: Equatable {
        /// libzmq, or the link's renewal, tries again.
        case wait
        /// Make a new connection that expects the coordinator key with the index ``coordinatorIndex``.
        case renew
        case giveUp(reason: String)
    }

    /// Closed handshakes for each expected key until the worker gives up.
    private static let attemptLimit = 8
    /// For so long they are tried at least: twice the time in which a handshake has to end.
    private static let patienceMilliseconds: UInt64 = 6000

    private let coordinatorCount: Int
    private var closedCount = 0
    private var firstClosed: UInt64?
    private var isAdmitted = false
    private var wasUnanswered = false
    /// The coordinator key that the next connection expects.
    private(set) var coordinatorIndex = 0

    /// - Parameter coordinatorCount: how many coordinator keys the worker trusts; 0 without keys.
    init(coordinatorCount: Int) {
        self.coordinatorCount = coordinatorCount
    }

    /// A message of the coordinator arrived.
    mutating func received() {
        isAdmitted = true
    }

    /// A handshake failed.
    mutating func failed(_ failure: HandshakeFailure, now: UInt64) -> Step {
        guard !isAdmitted else { return .wait }
        switch failure {
        case .notAdmitted:
            return .giveUp(
                reason: "does not admit this worker's key: add its worker-public line to the coordinator's key file")
        case .otherMechanism:
            return .giveUp(
                reason: coordinatorCount > 0
                    ? "has no keys: start the coordinator with --key-file as well"
                    : "needs keys: give this worker's key file with --key-file")
        case .unanswered:
            wasUnanswered = true
            return .wait
        case .closed, .protocolError:
            guard coordinatorCount > 0, !wasUnanswered else { return .wait }
            closedCount += 1
            let since = firstClosed ?? now
            firstClosed = since
            if closedCount >= Self.attemptLimit * coordinatorCount, now >= since + Self.patienceMilliseconds {
                return .giveUp(
                    reason: "closes every connection: it has another key than this worker's key file names, is no "
                        + "coordinator, or admits no workers now, which its log would say")
            }
            coordinatorIndex = closedCount % coordinatorCount
            return coordinatorCount > 1 || failure == .protocolError ? .renew : .wait
        }
    }
}
