import Core

/// Why a fault or a plan cannot be used. Its description is one line that lists what exists.
///
/// ```swift
/// do {
///     _ = try Fault(parsing: "explode worker=1 step=2")
/// } catch {
///     print(error)
/// }
/// ```
public struct FaultError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Problem: Error, Sendable, Equatable {
        case missingKind
        case unknownKind(String)
        case notAnAssignment(String)
        case unknownKey(String, kind: FaultKind)
        case repeatedKey(String)
        case badValue(key: String, value: String, expected: String)
        case unknownPhase(String, target: FaultTarget)
        case missingTarget(FaultKind)
        case wrongTarget(FaultKind, FaultTarget)
        case twoTargets
        /// Neither a step, nor a phase, nor a time.
        case missingTrigger
        /// A time besides a step or phase.
        case twoTriggers
        /// A parameter without which the kind does nothing.
        case missingParameter(String, FaultKind)
        /// The run has `count` workers.
        case unknownWorker(Int, count: Int)
        case badRandomPlan(String)
        case syntax(String)
        case tooMany(limit: Int)
        case unreadable(String)
        /// The folder in which triggered faults are marked is not set or cannot be written.
        case folder(String)
    }

    /// The file, or nil for the command line.
    package var source: String?
    /// From 1, in the file.
    package var line: Int?
    /// The fault's own text; empty for a whole plan.
    package var text: String
    package var problem: Problem

    init(_ problem: Problem, text: String = "", source: String? = nil, line: Int? = nil) {
        self.problem = problem
        self.text = text
        self.source = source
        self.line = line
    }

    public var description: String {
        var place = ""
        if let source { place = line.map { "\(quoted(source)), line \($0): " } ?? "\(quoted(source)): " }
        return place + (text.isEmpty ? "" : "the fault \(quoted(text)): ") + problem.description
    }
}

extension FaultError.Problem: CustomStringConvertible {
    package var description: String {
        switch self {
        case .missingKind: "it names no kind; " + Self.kinds
        case .unknownKind(let name): "unknown kind \(quoted(name)); " + Self.kinds
        case .notAnAssignment(let word): "\(quoted(word)) is not KEY=VALUE; a fault is \(Self.form)"
        case .unknownKey(let key, let kind):
            "unknown key \(quoted(key)); keys of \(kind.rawValue) are "
                + FaultFields.keys(of: kind).map(\.rawValue).joined(separator: ", ")
        case .repeatedKey(let key): "the key \(quoted(key)) is given twice; leave one out"
        case .badValue(let key, let value, let expected):
            "\(quoted(key + "=" + value)) cannot be used; give \(expected)"
        case .unknownPhase(let name, let target):
            "unknown phase \(quoted(name)); phases of \(target == .coordinator ? "the coordinator" : "a worker") are "
                + Failpoint.names(of: target).joined(separator: ", ")
        case .missingTarget(let kind): "it has no target; add \(Self.targets(of: kind))"
        case .wrongTarget(let kind, let target):
            "\(kind.rawValue) cannot affect \(target.name); give \(Self.targets(of: kind))"
        case .twoTargets: "it names two processes; give worker=NUMBER or coordinator, a fault for each"
        case .missingTrigger: "it has no moment; add step=NUMBER, phase=NAME or after=MILLISECONDS"
        case .twoTriggers: "it has two triggers; give step= and phase=, or after="
        case .missingParameter(let key, let kind): "\(kind.rawValue) needs \(key)"
        case .unknownWorker(let index, let count):
            "there is no worker \(index); "
                + (count == 1 ? "the only one is 0" : "workers are 0 to \(count - 1)")
        case .badRandomPlan(let text): "\(quoted(text)) is not a random plan; give random:SEED, such as random:1"
        case .syntax(let text):
            "is not a fault plan: \(escaped(text)); a plan is a mapping with the key faults and a list"
        case .tooMany(let limit): "more than \(limit) faults; shorten the plan"
        case .unreadable(let reason): reason
        case .folder(let text): text
        }
    }

    private static let form = "KIND worker=NUMBER|coordinator step=NUMBER phase=NAME …"

    private static var kinds: String {
        "kinds are " + FaultKind.planned.map(\.rawValue).joined(separator: ", ")
    }

    private static func targets(of kind: FaultKind) -> String {
        let all = [(kind.concernsWorkers, "worker=NUMBER"), (kind.concernsCoordinator, "coordinator")]
        return all.filter(\.0).map(\.1).joined(separator: " or ")
    }
}
