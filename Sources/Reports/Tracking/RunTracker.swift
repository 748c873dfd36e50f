import Core
import Runs

/// A program that keeps records of trainings, to which a run is reported while it trains. Each kind is one file in this
/// folder, and is listed in `RunTrackers`.
///
/// A tracker reads what the run directory shows, in a thread of the supervisor: the training does the same work whether
/// it is tracked or not, and goes on where a tracker fails.
package protocol RunTracker: Sendable {
    /// What `--track` takes.
    static var name: String { get }
    /// What `=` is followed by, and what is reported, in one sentence.
    static var documentation: String { get }
    /// The least time between two reports.
    static var pauseMilliseconds: Int { get }
    /// Whether a run is reported without being asked, because the environment asks for it.
    static func isExpected(in environment: [String: String]) -> Bool

    /// `destination` is what follows `=`. Throws where it or the environment cannot be used.
    init(_ destination: String?, environment: [String: String], client: any WebClient) throws(TrackerError)

    /// Reports what is new. After a failure the next call does so again.
    mutating func report(_ moment: TrackedMoment) throws(TrackerError)
}

extension RunTracker {
    package static func isExpected(in environment: [String: String]) -> Bool { false }
}

/// The list of all trackers.
package enum RunTrackers {
    package static let all: [any RunTracker.Type] = [
        DVCLiveTracker.self, MLflowTracker.self, KubeflowTracker.self,
    ]

    /// The trackers that `NAME` or `NAME=DESTINATION` and the environment ask for.
    package static func chosen(
        _ texts: [String], environment: [String: String], client: any WebClient = CurlClient()
    ) throws(TrackerError) -> [any RunTracker] {
        var trackers: [any RunTracker] = []
        for text in texts {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let kind = all.first(where: { $0.name == parts[0] }) else {
                let names = all.map { $0.name }.joined(separator: ", ")
                throw TrackerError("there is no tracker \(quoted(parts[0])): give one of \(names)")
            }
            trackers.append(
                try kind.init(parts.count > 1 ? parts[1] : nil, environment: environment, client: client))
        }
        for kind in all where kind.isExpected(in: environment) && !trackers.contains(where: { type(of: $0) == kind }) {
            trackers.append(try kind.init(nil, environment: environment, client: client))
        }
        return trackers
    }
}

/// What a tracker may report.
package struct TrackedMoment: Sendable {
    package enum End: Sendable, Equatable {
        case complete
        case interrupted
        case failed
    }

    package var snapshot: RunSnapshot
    /// The experiment's values by their keys, such as `optimizer.adam.learning_rate`.
    package var parameters: [(key: String, value: String)]
    /// Since 1970.
    package var nowMilliseconds: Int
    /// How the training ended; nil while it goes on.
    package var end: End?

    package init(
        snapshot: RunSnapshot, parameters: [(key: String, value: String)], nowMilliseconds: Int, end: End? = nil
    ) {
        self.snapshot = snapshot
        self.parameters = parameters
        self.nowMilliseconds = nowMilliseconds
        self.end = end
    }

    var paths: RunPaths { RunPaths(snapshot.run) }

    /// The last part of the run directory's path.
    var runName: String { Self.name(snapshot.run) }

    /// The last part of a path.
    static func name(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
}

/// Why a run cannot be reported. The description is one line.
package struct TrackerError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}

extension EpochRow {
    /// The figures of an epoch by the names that Keras's history has; without those that are missing or not finite.
    var figures: [(name: String, value: Double)] {
        [
            ("loss", loss), ("accuracy", accuracy), ("val_loss", validationLoss), ("val_accuracy", validationAccuracy),
            ("learning_rate", Double(learningRate.description)),
        ].compactMap { name, value in value.flatMap { $0.isFinite ? (name, $0) : nil } }
    }
}
