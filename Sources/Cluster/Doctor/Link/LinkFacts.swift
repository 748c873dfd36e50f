import Coordination
import Core
import Transport

/// What was found out about the way to another process, one step after the other. What a failed step prevents is nil.
struct LinkFacts: Sendable, Equatable {
    enum Handshake: Sendable, Equatable {
        case established(withKeys: Bool)
        /// The other side will never admit this one.
        case refused(String)
        case silent
    }

    enum Answer: Sendable, Equatable {
        case information(Information)
        case otherProtocol(version: UInt8)
        case silent
    }

    struct WayBack: Sendable, Equatable {
        var address: String
        var reach: TCPReach
    }

    /// The address of the other process, as the user gave it.
    var address: String
    var reach: TCPReach
    /// Whether the other process is known to listen there.
    var isExpected = false
    var handshake: Handshake?
    var answer: Answer?
    /// This process's own program.
    var program: ProgramIdentity
    /// The digest of this host's data; nil where there are none.
    var data: SHA256Digest?
    var roundTrips: RoundTrips?
    /// What the kernel counted meanwhile on this side's end of the connection.
    var counters: TCPCounters?
    /// What was counted on the other side's end; nil where a coordinator is there.
    var otherCounters: TCPCounters?
    /// The address of this host to which the other one connected, and what happened; nil where a coordinator is there.
    var wayBack: WayBack?
    /// Megabits a second from here to the other side, and back.
    var bandwidthThere: Double?
    var bandwidthBack: Double?
    /// What a step of the experiment sends in each direction.
    var gradientByteCount = 0

    init(address: String, reach: TCPReach, program: ProgramIdentity, data: SHA256Digest?) {
        self.address = address
        self.reach = reach
        self.program = program
        self.data = data
    }

    /// What the other process said of itself.
    var information: Information? {
        if case .information(let information) = answer { information } else { nil }
    }
}

/// One judgement about a link.
struct LinkCheck: Sendable {
    let name: String
    /// A pure function; nil where the facts are missing because an earlier step failed.
    let judge: @Sendable (LinkFacts) -> Verdict?
}

extension LinkFacts {
    /// The verdicts of all checks whose facts are there. `subject` names the link.
    func findings(subject: String) -> [Finding] {
        LinkChecks.all.compactMap { check in
            check.judge(self).map { Finding(check: check.name, subject: subject, verdict: $0) }
        }
    }
}
