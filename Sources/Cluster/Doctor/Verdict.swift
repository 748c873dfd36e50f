import Core
import Foundation

/// What a check of the doctor found, and what to do about it.
package struct Verdict: Sendable, Equatable {
    package enum Severity: String, Sendable, Codable {
        case good = "ok"
        /// Training works, and is slower or less safe than it could be.
        case warning
        /// A training would fail.
        case error
    }

    package var severity: Severity
    package var finding: String
    /// What to do; nil where nothing is wrong.
    package var remedy: String?
    /// With which a training would end; 0 unless this is an error.
    package var exitCode: Int32 = ProcessExitCode.success
    /// What was measured, by a name in snake_case that ends with the unit.
    package var figures: [String: Double] = [:]

    static func good(_ finding: String, figures: [String: Double] = [:]) -> Verdict {
        Verdict(severity: .good, finding: finding, figures: figures)
    }

    static func warning(_ finding: String, remedy: String, figures: [String: Double] = [:]) -> Verdict {
        Verdict(severity: .warning, finding: finding, remedy: remedy, figures: figures)
    }

    static func error(
        _ finding: String, remedy: String, exitCode: Int32, figures: [String: Double] = [:]
    ) -> Verdict {
        Verdict(severity: .error, finding: finding, remedy: remedy, exitCode: exitCode, figures: figures)
    }
}

/// A verdict with the check that gave it, and the host or the link that was looked at.
package struct Finding: Sendable, Equatable {
    package var check: String
    package var subject: String
    package var verdict: Verdict
}

/// All findings of one examination.
package struct DoctorReport: Sendable, Equatable {
    package private(set) var findings: [Finding] = []
    /// What other hosts are compared by; nil where no host was examined.
    package var identity: HostIdentity?

    package init() {}

    package mutating func append(_ findings: [Finding]) {
        self.findings += findings
    }

    package func count(_ severity: Verdict.Severity) -> Int {
        findings.count { $0.verdict.severity == severity }
    }

    /// With which a training would end: the code of the first error, 0 without one.
    package var exitCode: Int32 {
        findings.first { $0.verdict.severity == .error }?.verdict.exitCode ?? ProcessExitCode.success
    }

    /// One line for each finding of a subject: severity, check, finding, and what to do.
    package func lines(of subject: String) -> [String] {
        let own = findings.filter { $0.subject == subject }
        let width = own.map(\.check.count).max() ?? 0
        return own.map { finding in
            let verdict = finding.verdict
            let head = [
                verdict.severity.rawValue.padded(to: Self.severityWidth), finding.check.padded(to: width),
                verdict.finding,
            ]
            return head.joined(separator: "  ") + (verdict.remedy.map { ": \($0)" } ?? "")
        }
    }

    /// The subjects in the order of their first findings.
    package var subjects: [String] {
        findings.reduce(into: []) { subjects, finding in
            if !subjects.contains(finding.subject) { subjects.append(finding.subject) }
        }
    }

    /// The longest severity is "warning".
    private static let severityWidth = 7
}

extension DoctorReport: Codable {
    private enum Key: CodingKey {
        case checks, errors, warnings, program, dataDigest
    }

    private enum FindingKey: String, CodingKey {
        case check, subject, verdict, finding, remedy, exitCode, figures
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        var checks = container.nestedUnkeyedContainer(forKey: .checks)
        for finding in findings {
            var object = checks.nestedContainer(keyedBy: FindingKey.self)
            try object.encode(finding.check, forKey: .check)
            try object.encode(finding.subject, forKey: .subject)
            try object.encode(finding.verdict.severity, forKey: .verdict)
            try object.encode(finding.verdict.finding, forKey: .finding)
            try object.encode(finding.verdict.remedy, forKey: .remedy)
            try object.encode(finding.verdict.exitCode, forKey: .exitCode)
            try object.encode(finding.verdict.figures, forKey: .figures)
        }
        try container.encode(count(.error), forKey: .errors)
        try container.encode(count(.warning), forKey: .warnings)
        guard let identity else { return }
        try container.encode(identity.program, forKey: .program)
        try container.encode(identity.dataDigest?.hexadecimal, forKey: .dataDigest)
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        var checks = try container.nestedUnkeyedContainer(forKey: .checks)
        while !checks.isAtEnd {
            let object = try checks.nestedContainer(keyedBy: FindingKey.self)
            let verdict = Verdict(
                severity: try object.decode(Verdict.Severity.self, forKey: .verdict),
                finding: escaped(try object.decode(String.self, forKey: .finding), limit: Self.textLimit),
                remedy: try object.decodeIfPresent(String.self, forKey: .remedy).map {
                    escaped($0, limit: Self.textLimit)
                },
                exitCode: try object.decode(Int32.self, forKey: .exitCode),
                figures: try object.decode([String: Double].self, forKey: .figures))
            findings.append(
                Finding(
                    check: escaped(try object.decode(String.self, forKey: .check), limit: Self.textLimit),
                    subject: escaped(try object.decode(String.self, forKey: .subject), limit: Self.textLimit),
                    verdict: verdict))
        }
        guard let program = try container.decodeIfPresent(String.self, forKey: .program) else { return }
        let digest = try container.decodeIfPresent(String.self, forKey: .dataDigest)
        identity = HostIdentity(
            program: escaped(program, limit: Self.textLimit),
            dataDigest: digest.flatMap { SHA256Digest(hexadecimal: $0) })
    }

    /// Of a text that another host has sent.
    private static let textLimit = 1000

    /// The report among the lines of an output, which may begin with greetings of the host; nil where there is none.
    init?(output: String) {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let line = output.split(whereSeparator: \.isNewline).last { $0.hasPrefix("{\"schema\":") }
        guard let line, let report = try? decoder.decode(DoctorReport.self, from: Data(line.utf8)) else { return nil }
        self = report
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
