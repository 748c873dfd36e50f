import Coordination
import Core
package import Experiments

/// One thing that the doctor looks at on its own host: it gathers facts, and judges them apart from that.
///
/// To add a check, declare it in the file of its family and append it to the list there.
protocol HostCheck: Sendable {
    /// As it is printed.
    static var name: String { get }
    /// Gathers the facts.
    init(on host: ExaminedHost)
    /// A pure function of the facts.
    var verdict: Verdict { get }
}

/// The host of this process, and what a training on it would use.
package struct ExaminedHost: Sendable {
    package var environment: [String: String]
    /// Folder in which run directories are made.
    package var runFolder: String
    package var experiment: Experiment
    /// The user's folder with the data; nil searches the usual places.
    package var dataFolder: String?

    package init(environment: [String: String], runFolder: String, experiment: Experiment, dataFolder: String?) {
        self.environment = environment
        self.runFolder = runFolder
        self.experiment = experiment
        self.dataFolder = dataFolder
    }

    private static let checks: [any HostCheck.Type] = ProgramChecks.all + SystemChecks.all + FileChecks.all

    /// The name of the host, under which its findings are reported.
    package static var name: String { HostName.current }

    /// Runs all checks of a host. Loads the data; takes no lock of a run and leaves no file.
    package func examine() -> (findings: [Finding], identity: HostIdentity) {
        let checks = Self.checks.map { $0.init(on: self) }
        let findings = checks.map { check in
            Finding(check: type(of: check).name, subject: Self.name, verdict: check.verdict)
        }
        let digest = checks.lazy.compactMap { ($0 as? DataCheck)?.digest }.first
        return (findings, HostIdentity(program: ProgramIdentity.current.description, dataDigest: digest))
    }
}
