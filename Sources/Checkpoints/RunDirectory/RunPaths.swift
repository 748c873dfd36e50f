/// Where things stand in a run directory.
public struct RunPaths: Sendable, Equatable {
    /// The run directory itself, without a slash at its end.
    public let run: String

    public init(_ run: String) {
        self.run = PathText.trimmingSlashes(run)
    }

    /// The resolved experiment, behind a first line with its digest.
    public var experiment: String { run + "/experiment.yaml" }
    /// One deterministic object an epoch.
    public var metrics: String { run + "/metrics.jsonl" }
    public var history: String { run + "/history.csv" }
    /// Everything that varies from run to run: seconds, speed, workers.
    public var timings: String { run + "/timings.jsonl" }
    public var log: String { run + "/log.jsonl" }
    public var journal: String { run + "/journal" }
    public var lock: String { run + "/lock" }
    public var reportText: String { run + "/report.txt" }
    public var reportJSON: String { run + "/report.json" }
    public var reportHTML: String { run + "/report.html" }
    public var plots: String { run + "/plots" }
    public var checkpoints: String { run + "/checkpoints" }
    /// The state where training stopped.
    public var last: String { checkpoints + "/last.safetensors" }
    public var previous: String { checkpoints + "/previous.safetensors" }
    public var best: String { checkpoints + "/best.safetensors" }
    /// The state at the failure that ended the run.
    public var failed: String { checkpoints + "/failed.safetensors" }

    /// The picture of a name.
    public func plot(_ name: String) -> String { "\(plots)/\(name).png" }

    /// The checkpoint that is kept for one epoch, with at least four digits.
    public func checkpoint(epoch: Int) -> String {
        let digits = String(epoch)
        let zeros = String(repeating: "0", count: max(0, 4 - digits.utf8.count))
        return "\(checkpoints)/epoch-\(zeros)\(digits).safetensors"
    }
}
