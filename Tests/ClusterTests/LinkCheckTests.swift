import Core
import Testing

@testable import Cluster
@testable import Coordination
@testable import Transport

/// The judgement of every check of a link, apart from how its facts are gathered.
@Suite struct LinkCheckTests {
    private static let program = ProgramIdentity(release: "1.0", buildIdentifier: "0a1b", arithmeticVersion: 2)
    private static let digest = SHA256Digest(of: [1])

    /// A link without a fault.
    private static var facts: LinkFacts {
        var facts = LinkFacts(address: "tcp://b:5600", reach: .connected, program: program, data: digest)
        facts.handshake = .established(withKeys: true)
        facts.answer = .information(
            Information(number: 1, host: "b", program: program, data: [digest], clockNanoseconds: 0))
        facts.roundTrips = trips()
        facts.counters = TCPCounters(
            sentSegmentCount: 500, repeatedSegmentCount: 0, needlessRepetitionCount: 0, disorderedSegmentCount: 0)
        facts.wayBack = LinkFacts.WayBack(address: "tcp://a:4000", reach: .connected)
        (facts.bandwidthThere, facts.bandwidthBack, facts.gradientByteCount) = (940, 930, 1_000_000)
        return facts
    }

    /// Round trips of one time, and some of others.
    private static func trips(
        nanoseconds: Int = 200_000, others: [Int] = [], missing: Int = 0, offset: Int = 0
    ) -> RoundTrips {
        var trips = RoundTrips()
        for time in [Int](repeating: nanoseconds, count: 500 - others.count - missing) + others {
            trips.noteSent()
            trips.noteAnswer(nanoseconds: time, clock: 1_000_000_000, otherClock: 1_000_000_000 - time / 2 + offset)
        }
        for _ in 0..<missing { trips.noteSent() }
        return trips
    }

    private func expect(
        _ name: String, _ severity: Verdict.Severity?, _ words: String..., exitCode: Int32 = 0,
        location: SourceLocation = #_sourceLocation, change: (inout LinkFacts) -> Void = { _ in }
    ) {
        var facts = Self.facts
        change(&facts)
        let verdict = facts.findings(subject: "b").first { $0.check == name }?.verdict
        #expect(verdict?.severity == severity, "\(String(describing: verdict))", sourceLocation: location)
        #expect(verdict?.exitCode ?? 0 == exitCode, sourceLocation: location)
        let text = (verdict?.finding ?? "") + " " + (verdict?.remedy ?? "")
        for word in words { #expect(text.contains(word), "\(text)", sourceLocation: location) }
    }

    @Test func `a link without a fault has good findings only`() {
        let findings = Self.facts.findings(subject: "b")
        #expect(findings.count == LinkChecks.all.count)
        #expect(findings.allSatisfy { $0.verdict.severity == .good && $0.verdict.remedy == nil }, "\(findings)")
    }

    @Test func `what a failed step prevents has no finding`() {
        let closed = LinkFacts(address: "tcp://b:5600", reach: .refused, program: Self.program, data: nil)
        #expect(closed.findings(subject: "b").map(\.check) == ["address"])
        expect("program", nil) { $0.answer = nil }
        expect("latency", nil) { $0.roundTrips = nil }
    }

    @Test func `a port that is closed, filtered or rejected is an error with what to do`() {
        expect("address", .error, "nothing listens", "--listen", exitCode: 69) { $0.reach = .refused }
        expect("address", .error, "firewall drops", "allow this TCP port", exitCode: 69) { $0.reach = .timedOut }
        expect("address", .error, "No route", "firewall rejects", exitCode: 69) { $0.reach = .unreachable("No route") }
        expect("address", .error, "has no address", "/etc/hosts", exitCode: 69) { $0.reach = .unknownHost }
    }

    @Test func `a wrong key is an error of the worker, and no keys a warning`() {
        expect("keys", .error, "does not admit", "keys new", exitCode: 77) {
            $0.handshake = .refused("does not admit this worker's key")
        }
        expect("keys", .warning, "without keys", "--key-file") { $0.handshake = .established(withKeys: false) }
        expect("keys", .good) {
            $0.handshake = .established(withKeys: false)
            $0.address = "ipc:///run/a"
        }
        expect("keys", .error, "no firewall or proxy", exitCode: 69) { $0.handshake = .silent }
    }

    @Test func `another release or arithmetic is an error, another build a warning`() {
        func other(_ change: @escaping (inout ProgramIdentity) -> Void) -> (inout LinkFacts) -> Void {
            { facts in
                var program = Self.program
                change(&program)
                facts.answer = .information(
                    Information(number: 1, host: "b", program: program, data: [], clockNanoseconds: 0))
            }
        }
        expect("program", .error, "version 6", exitCode: 64) { $0.answer = .otherProtocol(version: 6) }
        expect(
            "program", .error, "arithmetic 1", "here with 2", exitCode: 64, change: other { $0.arithmeticVersion = 1 })
        expect("program", .warning, "build ffff", "every host", change: other { $0.buildIdentifier = "ffff" })
        expect("program", .error, "does not answer", exitCode: 69) { $0.answer = .silent }
    }

    @Test func `other data are a warning with both digests`() {
        expect("data", .warning, SHA256Digest(of: [2]).abbreviated, Self.digest.abbreviated) {
            $0.data = SHA256Digest(of: [2])
        }
        expect("data", .good, "none here") { $0.data = nil }
        expect("data", nil) {
            $0.answer = .information(
                Information(number: 1, host: "b", program: Self.program, data: [], clockNanoseconds: 0))
        }
    }

    @Test func `clocks that differ by a second are a warning`() {
        expect("clock", .good, "20.0 ms") { $0.roundTrips = Self.trips(offset: 20_000_000) }
        expect("clock", .warning, "37.0 s ahead") { $0.roundTrips = Self.trips(offset: 37_000_000_000) }
        expect("clock", .warning, "37.0 s behind") { $0.roundTrips = Self.trips(offset: -37_000_000_000) }
        // The quickest answer decides: the others were held up.
        expect("clock", .good) { $0.roundTrips = Self.trips(others: [3_000_000_000], offset: 0) }
    }

    @Test func `long round trips are a warning`() {
        expect("latency", .good, "0.20 ms")
        expect("latency", .warning, "20.00 ms", "one network") { $0.roundTrips = Self.trips(nanoseconds: 20_000_000) }
    }

    @Test func `lost segments are a warning, and needless repetitions are none`() {
        func counters(repeated: Int, needless: Int = 0, disordered: Int = 0) -> TCPCounters {
            TCPCounters(
                sentSegmentCount: 500, repeatedSegmentCount: repeated, needlessRepetitionCount: needless,
                disorderedSegmentCount: disordered)
        }
        expect("loss", .warning, "3.0 % (15 of 500)", "ethtool") { $0.counters = counters(repeated: 15) }
        expect("loss", .good) { $0.counters = counters(repeated: 15, needless: 15) }
        expect("loss", .good) { $0.counters = counters(repeated: 1) }
        expect("loss", .warning, "12 came after a later one") { $0.counters = counters(repeated: 0, disordered: 12) }
        expect("loss", .warning, "2 of 500 answers came late") {
            $0.roundTrips = Self.trips(others: [210_000_000, 400_000_000])
        }
        expect("loss", .warning, "2.0 % (10 of 500) segments were lost on the way back") {
            $0.otherCounters = counters(repeated: 10)
        }
        expect("loss", .good) {
            ($0.counters, $0.otherCounters) = (counters(repeated: 0, disordered: 12), counters(repeated: 0))
        }
        expect("loss", .warning, "3 never") { $0.roundTrips = Self.trips(missing: 3) }
        expect("loss", .good) { $0.counters = nil }
    }

    @Test func `a port of this host that the other side does not reach is an error`() {
        func back(_ reach: TCPReach) -> (inout LinkFacts) -> Void {
            { $0.wayBack = LinkFacts.WayBack(address: "tcp://a:4000", reach: reach) }
        }
        expect("way back", .good)
        expect("way back", nil) { $0.wayBack = nil }
        expect("way back", .error, "tcp://a:4000", "drops", "both directions", exitCode: 69, change: back(.timedOut))
        expect("way back", .error, "refuses", exitCode: 69, change: back(.refused))
        expect("way back", .error, "No route", exitCode: 69, change: back(.unreachable("No route")))
    }

    @Test func `a slow link is a warning with the time of a step's gradients`() {
        expect("bandwidth", .good, "940 Mbit/s there, 930 back", "8.60 ms")
        expect("bandwidth", .warning, "94 back", "85.11 ms", "fewer hosts are faster") { $0.bandwidthBack = 94 }
        expect("bandwidth", nil) { $0.bandwidthBack = nil }
    }

    @Test func `the kernel's counts are read from their places, and an older kernel's are not`() {
        var writer = ByteWriter()
        for number in 0..<64 { writer.append(UInt32(number)) }
        let counters = TCPCounters(kernelBytes: writer.bytes[...])
        #expect(
            counters
                == TCPCounters(
                    sentSegmentCount: 39, repeatedSegmentCount: 25, needlessRepetitionCount: 54,
                    disorderedSegmentCount: 56))
        #expect(TCPCounters(kernelBytes: writer.bytes.prefix(200)) == nil)
        #expect(TCPCounters(kernelBytes: []) == nil)
    }
}
