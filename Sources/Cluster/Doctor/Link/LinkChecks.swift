import Coordination
import Core
import Transport

/// The checks of a link, in the order of its steps. To add one, append it to the list.
enum LinkChecks {
    static let all = [
        LinkCheck(name: "address", judge: address), LinkCheck(name: "keys", judge: keys),
        LinkCheck(name: wayBackName, judge: wayBack), LinkCheck(name: ProgramCheck.name, judge: program),
        LinkCheck(name: DataCheck.name, judge: data),
        LinkCheck(name: "clock", judge: clock), LinkCheck(name: "latency", judge: latency),
        LinkCheck(name: "loss", judge: loss), LinkCheck(name: "bandwidth", judge: bandwidth),
    ]

    static let wayBackName = "way back"

    // MARK: Reaching it

    static func address(_ facts: LinkFacts) -> Verdict? {
        let address = facts.address
        func unreached(_ finding: String, _ remedy: String) -> Verdict {
            .error(finding, remedy: remedy, exitCode: ProcessExitCode.unreachable)
        }
        switch facts.reach {
        case .connected: return .good("\(address) accepts connections")
        case .refused where facts.isExpected:
            return unreached("a firewall refuses connections to \(address)", portRemedy)
        case .timedOut where facts.isExpected:
            return unreached("\(address) does not answer: a firewall drops the packets", portRemedy)
        case .refused:
            return unreached(
                "nothing listens at \(address)", "start the coordinator first, and compare the port with its --listen")
        case .timedOut:
            return unreached(
                "\(address) does not answer: a firewall drops the packets, or the host is down",
                "allow this TCP port in the firewalls of both hosts")
        case .unreachable(let reason):
            return unreached(
                "\(address) cannot be reached (\(reason))",
                "check routes, and whether a firewall rejects this TCP port")
        case .unknownHost:
            return unreached(
                "the host of \(address) has no address here", "add it to /etc/hosts or DNS, or give a numeric address")
        }
    }

    static func keys(_ facts: LinkFacts) -> Verdict? {
        switch facts.handshake {
        case nil: return nil
        case .established(withKeys: true): return .good("both sides admit each other")
        case .established(withKeys: false):
            return facts.address.hasPrefix("ipc:")
                ? .good("a socket file needs none")
                : .warning(
                    "the other side is without keys: every process that reaches it can join, read and change everything",
                    remedy: "make keys with 'selvedge keys new', and give --key-file on both sides")
        case .refused(let reason):
            return .error(
                "the other side \(reason)", remedy: "give both sides files of one 'selvedge keys new'",
                exitCode: ProcessExitCode.notAdmitted)
        case .silent:
            return .error(
                "\(facts.address) accepts connections and does not answer as this program would",
                remedy: "check that a coordinator listens there, and that no firewall or proxy is between",
                exitCode: ProcessExitCode.unreachable)
        }
    }

    static func wayBack(_ facts: LinkFacts) -> Verdict? {
        guard let wayBack = facts.wayBack else { return nil }
        func unreached(_ finding: String) -> Verdict {
            .error(finding, remedy: portRemedy, exitCode: ProcessExitCode.unreachable)
        }
        switch wayBack.reach {
        case .connected: return .good("the other side reaches ports of this host")
        case .timedOut:
            return unreached("the other side does not reach \(wayBack.address): a firewall drops the packets")
        case .refused: return unreached("a firewall refuses the other side's connection to \(wayBack.address)")
        case .unreachable(let reason):
            return unreached("the other side does not reach \(wayBack.address) (\(reason))")
        case .unknownHost: return unreached("the other side cannot use the address \(wayBack.address)")
        }
    }

    private static let portRemedy =
        "workers connect to each other: allow TCP in both directions between the hosts, at the ports that the system "
        + "chooses (net.ipv4.ip_local_port_range) or that --inbox-port names"

    // MARK: What is there

    static func program(_ facts: LinkFacts) -> Verdict? {
        let remedy = "install the same program on every host"
        switch facts.answer {
        case nil: return nil
        case .silent:
            return .error(
                "the other side does not answer a question: another release, or it is overloaded", remedy: remedy,
                exitCode: ProcessExitCode.unreachable)
        case .otherProtocol(let version):
            return .error(
                "another release there: its control protocol has version \(version), this one \(WireLimits.protocolVersion)",
                remedy: remedy, exitCode: ProcessExitCode.usage)
        case .information(let other):
            guard other.program.arithmeticVersion == facts.program.arithmeticVersion else {
                return .error(
                    "\(other.program) there computes with arithmetic \(other.program.arithmeticVersion), "
                        + "\(facts.program) here with \(facts.program.arithmeticVersion)",
                    remedy: remedy, exitCode: ProcessExitCode.usage)
            }
            guard other.program == facts.program else {
                return .warning("\(other.program) there, \(facts.program) here", remedy: remedy)
            }
            return .good("the same on both sides")
        }
    }

    static func data(_ facts: LinkFacts) -> Verdict? {
        guard let other = facts.information, let expected = other.data.first else { return nil }
        guard let own = facts.data else { return .good("none here: they come from the coordinator") }
        guard !other.data.contains(own) else { return .good("the same on both sides") }
        return .warning(
            "digest \(expected.abbreviated) there, \(own.abbreviated) here",
            remedy: "copy the data of one host to the others, or name the same experiment with --experiment; a worker "
                + "whose data differ receives the coordinator's")
    }

    static func clock(_ facts: LinkFacts) -> Verdict? {
        guard let offset = facts.roundTrips?.clockOffsetMilliseconds else { return nil }
        let figures = ["clock_offset_ms": offset]
        guard abs(offset) >= Limit.clockMilliseconds else {
            return .good("\(ByteText.decimal(abs(offset))) ms apart", figures: figures)
        }
        return .warning(
            "the other clock is \(ByteText.decimal(abs(offset) / 1000)) s \(offset > 0 ? "ahead" : "behind"): times in logs differ",
            remedy: "let a time service set both clocks (timedatectl set-ntp true)", figures: figures)
    }

    // MARK: How good it is

    static func latency(_ facts: LinkFacts) -> Verdict? {
        guard let trips = facts.roundTrips, let median = trips.medianMilliseconds,
            let maximum = trips.maximumMilliseconds
        else { return nil }
        let figures = ["round_trip_ms": median, "longest_round_trip_ms": maximum]
        let text = "a round trip takes \(MillisecondText.of(median)), the longest \(MillisecondText.of(maximum))"
        guard median >= Limit.latencyMilliseconds else { return .good(text, figures: figures) }
        return .warning(
            text, remedy: "each step of the training takes several of them: train on hosts of one network",
            figures: figures)
    }

    static func loss(_ facts: LinkFacts) -> Verdict? {
        guard let trips = facts.roundTrips else { return nil }
        let (there, back) = (PacketLoss(facts.counters), facts.otherCounters.map { PacketLoss($0) })
        let missing = trips.sentCount - trips.answeredCount
        let disordered = facts.counters?.disorderedSegmentCount ?? 0
        var figures = [
            "lost_share": there.share, "late_answers": Double(trips.lateCount),
            "disordered_segments": Double(disordered),
        ]
        if let back { figures["lost_share_back"] = back.share }
        var problems: [String] = []
        if there.isHigh { problems.append("\(there) segments were lost on the way there") }
        if let back, back.isHigh { problems.append("\(back) segments were lost on the way back") }
        // A coordinator does not tell its repetitions; what arrives out of order is counted here.
        if back == nil, disordered >= Limit.disorderedCount {
            problems.append("segments were lost on the way back: \(disordered) came after a later one")
        }
        if missing > 0 || trips.lateCount >= Limit.lateCount {
            problems.append("\(trips.lateCount) of \(trips.sentCount) answers came late, \(missing) never")
        }
        guard problems.isEmpty else {
            return .warning(
                problems.joined(separator: ", "),
                remedy: "check cables, switch ports and duplex of both hosts (ethtool -S), and the load of the network",
                figures: figures)
        }
        return .good("none of \(there.sentCount + (back?.sentCount ?? 0)) segments", figures: figures)
    }

    static func bandwidth(_ facts: LinkFacts) -> Verdict? {
        guard let there = facts.bandwidthThere, let back = facts.bandwidthBack else { return nil }
        let figures = ["megabits_per_second": there, "megabits_per_second_back": back]
        let slower = max(min(there, back), 0.001)
        let milliseconds = Double(facts.gradientByteCount) * 8 / (slower * 1000)
        let text =
            "\(Int(there.rounded())) Mbit/s there, \(Int(back.rounded())) back; a step's gradients take "
            + MillisecondText.of(milliseconds)
        guard slower < Limit.megabitsPerSecond else { return .good(text, figures: figures) }
        return .warning(
            text,
            remedy: "where a step computes for less than that, fewer hosts are faster: compare "
                + "'selvedge bench step', measure again while both hosts are idle, or use a faster network",
            figures: figures)
    }

    private enum Limit {
        static let clockMilliseconds = 1000.0
        static let latencyMilliseconds = 5.0
        /// Of a network with 1 Gbit/s keys and other traffic leave more.
        static let megabitsPerSecond = 500.0
        static let disorderedCount = 4
        static let lateCount = 2
    }
}

/// The share of segments that a connection lost.
struct PacketLoss: Equatable, CustomStringConvertible {
    let sentCount: Int
    let lostCount: Int

    init(_ counters: TCPCounters?) {
        sentCount = counters?.sentSegmentCount ?? 0
        lostCount = counters.map { max(0, $0.repeatedSegmentCount - $0.needlessRepetitionCount) } ?? 0
    }

    var share: Double { sentCount > 0 ? Double(lostCount) / Double(sentCount) : 0 }

    /// A single repetition may be a busy host's; networks without faults lose fewer than one in a thousand.
    var isHigh: Bool { lostCount >= 2 && share >= 0.002 }

    var description: String { "\(ByteText.decimal(share * 100)) % (\(lostCount) of \(sentCount))" }
}

enum MillisecondText {
    /// With two decimals.
    static func of(_ milliseconds: Double) -> String {
        let hundredths = Int((milliseconds * 100).rounded())
        return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100) ms"
    }
}
