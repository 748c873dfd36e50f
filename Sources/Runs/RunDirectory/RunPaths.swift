/// The paths of a run directory.
package struct RunPaths: Sendable, Equatable {
    /// The run directory itself, without a slash at its end.
    package let run: String

    package init(_ run: String) {
        self.run = PathText.trimmingSlashes(run)
    }

    /// A line with the digest, then the resolved experiment.
    package var experiment: String { run + "/experiment.yaml" }
    /// One object per epoch, equal for every execution.
    package var metrics: String { run + "/metrics.jsonl" }
    package var history: String { run + "/history.csv" }
    /// Everything that varies from one execution to the next: seconds, speed, workers.
    package var timings: String { run + "/timings.jsonl" }
    package var log: String { run + "/log.jsonl" }
    package var journal: String { run + "/journal" }
    package var lock: String { run + "/lock" }
    package var reportText: String { run + "/report.txt" }
    package var reportJSON: String { run + "/report.json" }
    package var reportHTML: String { run + "/report.html" }
    package var plots: String { run + "/plots" }
    package var checkpoints: String { run + "/checkpoints" }
    /// The state where training stopped.
    package var last: String { checkpoints + "/last.safetensors" }
    package var previous: String { checkpoints + "/previous.safetensors" }
    package var best: String { checkpoints + "/best.safetensors" }
    /// The state at the failure that ended the run.
    package var failed: String { checkpoints + "/failed.safetensors" }

    /// The picture of a name.
    package func plot(_ name: String) -> String { "\(plots)/\(name).png" }

    /// The checkpoint that is kept for one epoch, with at least four digits.
    package func checkpoint(epoch: Int) -> String {
        let digits = String(epoch)
        let zeros = String(repeating: "0", count: max(0, 4 - digits.utf8.count))
        return "\(checkpoints)/epoch-\(zeros)\(digits).safetensors"
    }
}
