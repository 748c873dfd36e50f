/// A run directory that is only read: everything that one training produced, finished or not.
///
/// ```swift
/// if let run = try Run.newest(of: "A-1") {
///     print(run.path, try run.epochs().last?.validationAccuracy ?? .nan)
///     print(try run.checkpoint(.best).evaluate().accuracy)
/// }
/// ```
public struct Run: Sendable {
    public let path: String
    public let experiment: Experiment
    private let paths: RunPaths

    /// - Throws: an error whose description is one line, where the folder is missing or is no run.
    public init(path: String) throws {
        paths = RunPaths(path)
        self.path = paths.run
        experiment = try Experiment.load(path: paths.experiment)
    }

    /// The run `FOLDER/NAME-N` with the highest N; nil where there is none.
    ///
    /// - Throws: an error whose description is one line.
    public static func newest(of name: String, in folder: String = "runs") throws -> Run? {
        try RunDirectory.newest(in: folder, name: name).map { try Run(path: $0) }
    }

    /// The rows of the epochs that are finished.
    ///
    /// - Throws: an error whose description is one line, where metrics.jsonl is missing or damaged.
    public func epochs() throws -> [EpochRow] {
        let bytes = try FileOperations().read(paths.metrics, byteLimit: RunFiles.byteLimit)
        return try EpochRow.rows(jsonLines: String(decoding: bytes, as: UTF8.self))
    }

    /// What each epoch cost. An epoch that was trained again after an interruption is there again.
    ///
    /// - Throws: an error whose description is one line, where timings.jsonl cannot be read.
    public func epochTimings() throws -> [EpochTiming] {
        try RunTimings.lines(path: paths.timings).compactMap(\.epoch)
    }

    /// The changes of members that training went through.
    ///
    /// - Throws: an error whose description is one line, where timings.jsonl cannot be read.
    public func recoveries() throws -> [RecoveryTiming] {
        try RunTimings.lines(path: paths.timings).compactMap(\.recovery)
    }

    /// Reads one of the run's checkpoints.
    ///
    /// - Throws: an error whose description is one line, where it is missing or damaged.
    public func checkpoint(_ name: CheckpointName = .last) throws -> Checkpoint {
        let path =
            switch name {
            case .last: paths.last
            case .previous: paths.previous
            case .best: paths.best
            case .epoch(let epoch): paths.checkpoint(epoch: epoch)
            }
        return try Checkpoint(path: path)
    }
}

/// Which checkpoint of a run.
///
/// ```swift
/// let kept = try Run(path: "runs/A-1-1").checkpoint(.epoch(5))
/// ```
public enum CheckpointName: Sendable, Equatable {
    /// The state where training ended.
    case last
    /// The one before `last`.
    case previous
    /// The epoch with the best validation.
    case best
    /// The one that was kept for an epoch, from 1.
    case epoch(Int)
}
