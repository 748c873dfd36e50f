import Core
import Foundation
import Testing

@testable import Cluster
@testable import Coordination
@testable import Transport

/// What the doctor makes of the reports of several hosts, apart from how they are asked.
@Suite struct HostsExaminationTests {
    private static func finding(_ check: String, _ verdict: Verdict = .good("fine")) -> Finding {
        Finding(check: check, subject: "there", verdict: verdict)
    }

    private static func report(_ findings: [Finding], _ identity: HostIdentity? = nil) -> DoctorReport {
        var report = DoctorReport()
        report.append(findings)
        report.identity = identity
        return report
    }

    // MARK: Which links

    @Test(arguments: 0...9) func `every two hosts have one link, and no host has two at a time`(count: Int) {
        let rounds = LinkRounds(count: count).rounds
        for round in rounds {
            let hosts = round.flatMap { [$0.0, $0.1] }
            #expect(Set(hosts).count == hosts.count)
        }
        let pairs = rounds.flatMap { $0 }
        #expect(pairs.count == count * max(0, count - 1) / 2)
        #expect(Set(pairs.map { $0.0 * 10 + $0.1 }).count == pairs.count)
        #expect(pairs.allSatisfy { $0.0 < $0.1 && $0.1 < count })
        #expect(rounds.count <= count)
    }

    // MARK: Reports of other hosts

    @Test func `a report survives its JSON, between a host's greetings`() throws {
        let report = Self.report(
            [
                Self.finding("cores", .good("2", figures: ["available_cores": 2, "round_trip_ms": 0.5])),
                Self.finding("data", .warning("none", remedy: "copy them")),
                Self.finding("disk space", .error("full", remedy: "remove old runs", exitCode: 74)),
            ], HostIdentity(program: "release 1", dataDigest: SHA256Digest(of: [1])))
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let text = String(decoding: try encoder.encode(report), as: UTF8.self)
        let line = "{\"schema\":2,\"host\":\"a\"," + text.dropFirst()
        #expect(DoctorReport(output: "Welcome {\n\(line)\nselvedge: 3 checks: 1 error\n") == report)
        for end in [0, 1, 20, line.utf8.count / 2, line.utf8.count - 1] {
            #expect(DoctorReport(output: String(line.prefix(end))) == nil)
        }
        let loud = line.replacingOccurrences(of: "copy them", with: "copy\\u001b[2J them")
        #expect(DoctorReport(output: loud)?.findings[1].verdict.remedy == "copy\\u{1b}[2J them")
        #expect(DoctorReport(output: line.replacingOccurrences(of: "\"warning\"", with: "\"grave\"")) == nil)
    }

    @Test func `of a worker's host the folder of runs and missing data do not count`() {
        let report = Self.report([
            Self.finding("cores"), Self.finding("file locks", .error("none", remedy: "mount", exitCode: 64)),
            Self.finding("disk space"), Self.finding("data", .warning("none", remedy: "copy")),
        ])
        func checks(hasCoordinator: Bool) -> [String] {
            HostsExamination.findings(report, subject: "host2", hasCoordinator: hasCoordinator).map(\.check)
        }
        #expect(checks(hasCoordinator: false) == ["cores"])
        #expect(checks(hasCoordinator: true) == ["cores", "file locks", "disk space", "data"])
        let damaged = Self.report([Self.finding("data", .error("cut off", remedy: "copy", exitCode: 65))])
        #expect(HostsExamination.findings(damaged, subject: "a", hasCoordinator: false).count == 1)
    }

    @Test func `a link repeats no comparison of the hosts, and needs no way back to a host without workers`() {
        let report = Self.report([
            Self.finding("address"), Self.finding("way back"), Self.finding("program"),
            Self.finding("data", .warning("other", remedy: "copy")), Self.finding("latency"),
        ])
        let findings = LinksExamination.findings(report, subject: "b to a", listenerHasWorkers: true)
        #expect(findings.map(\.check) == ["address", "way back", "latency"])
        #expect(findings.allSatisfy { $0.subject == "b to a" })
        let without = LinksExamination.findings(report, subject: "b to a", listenerHasWorkers: false)
        #expect(without.map(\.check) == ["address", "latency"])
        let silent = Self.report([Self.finding("program", .error("silent", remedy: "install", exitCode: 69))])
        #expect(LinksExamination.findings(silent, subject: "b to a", listenerHasWorkers: true).count == 1)
    }

    // MARK: Comparison

    private static let digests = [SHA256Digest(of: [1]), SHA256Digest(of: [2])]

    private func expect(
        _ check: String, _ severity: Verdict.Severity, _ words: String..., exitCode: Int32 = 0,
        hosts: [(String, String, SHA256Digest?)], location: SourceLocation = #_sourceLocation
    ) {
        let comparison = HostsComparison(hosts.map { ($0.0, HostIdentity(program: $0.1, dataDigest: $0.2)) })
        let verdict = comparison.findings.first { $0.check == check }?.verdict
        #expect(verdict?.severity == severity, "\(String(describing: verdict))", sourceLocation: location)
        #expect(verdict?.exitCode == exitCode, sourceLocation: location)
        let text = (verdict?.finding ?? "") + " " + (verdict?.remedy ?? "")
        for word in words { #expect(text.contains(word), "\(text)", sourceLocation: location) }
    }

    @Test func `programs and data that differ are named with their hosts`() {
        let (one, other) = (Self.digests[0], Self.digests[1])
        let same = [("a", "build 1", one), ("b", "build 1", one), ("c", "build 1", one)]
        expect("program", .good, "the same on 3 hosts", hosts: same)
        expect("data", .good, "the same on 3 hosts", hosts: same)
        expect(
            "program", .warning, "build 1 on a, c; build 2 on b", "every host",
            hosts: [("a", "build 1", one), ("b", "build 2", one), ("c", "build 1", one)])
        expect(
            "data", .warning, "\(one.abbreviated) on a", "\(other.abbreviated) on b, c", "receives those of a",
            hosts: [("a", "1", one), ("b", "1", other), ("c", "1", other)])
        expect("data", .good, "on a; none on b", hosts: [("a", "1", one), ("b", "1", nil)])
        expect("data", .error, "none on a", "--data", exitCode: 66, hosts: [("a", "1", nil), ("b", "1", one)])
        #expect(HostsComparison([("a", HostIdentity(program: "1", dataDigest: nil))]).findings.isEmpty)
    }

    // MARK: What stops a worker

    @Test func `a host that has another release, or does not reach the coordinator, is named with its check`() {
        var report = HostReport.current(
            coordinator: .tcp(host: "127.0.0.1", port: 1), port: 1, data: nil, environment: [:])
        #expect(report.address == "127.0.0.1")
        #expect(report.obstacle?.check == "coordinator" && report.obstacle?.exitCode == 69)
        #expect(report.obstacle?.finding(of: "b").verdict.remedy?.contains("firewall") == true)
        report.version = "0.0.9"
        #expect(report.obstacle?.check == "program" && report.obstacle?.exitCode == 64)
    }

    @Test func `a doctor that is known to listen is behind a firewall where its port is closed`() {
        var facts = LinkFacts(
            address: "tcp://b:5600", reach: .refused,
            program: ProgramIdentity(release: "1", buildIdentifier: "", arithmeticVersion: 1), data: nil)
        facts.isExpected = true
        for reach in [TCPReach.refused, .timedOut] {
            facts.reach = reach
            let verdict = facts.findings(subject: "b").first?.verdict
            #expect(verdict?.finding.contains("firewall") == true && verdict?.exitCode == 69)
            #expect(verdict?.remedy?.contains("both directions") == true)
        }
    }
}
