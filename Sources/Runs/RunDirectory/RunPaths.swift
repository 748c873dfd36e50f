/// The names of a run directory's files and folders, each in its folder.
package enum RunFileName {
    /// A line with the digest, then the resolved experiment.
    package static let experiment = "experiment.yaml"
    /// One object per epoch, equal for every execution.
    package static let metrics = "metrics.jsonl"
    package static let history = "history.csv"
    /// Everything that varies from one execution to the next: seconds, speed, workers.
    package static let timings = "timings.jsonl"
    package static let log = "log.jsonl"
    /// Where the run is at the moment, for those who watch.
    package static let status = "status.json"
    /// The confusion matrix of the last validation.
    package static let validation = "validation.json"
    package static let journal = "journal"
    package static let lock = "lock"
    package static let reportText = "report.txt"
    package static let reportJSON = "report.json"
    package static let reportHTML = "report.html"
    /// The folders of TensorBoard's event files.
    package static let tensorBoard = "tensorboard"
    package static let plots = "plots"
    package static let checkpoints = "checkpoints"
    /// The state where training stopped.
    package static let last = "last.safetensors"
    package static let previous = "previous.safetensors"
    package static let best = "best.safetensors"
    /// The state at the failure that ended the run.
    package static let failed = "failed.safetensors"

    /// The picture of a name.
    package static func plot(_ name: String) -> String { "\(name).png" }

    /// The checkpoint that is kept for one epoch, with at least four digits.
    package static func checkpoint(epoch: Int) -> String {
        let digits = String(epoch)
        let zeros = String(repeating: "0", count: max(0, 4 - digits.utf8.count))
        return "epoch-\(zeros)\(digits).safetensors"
    }
}

/// The paths of a run directory, for messages and for reading a run without its lock.
package struct RunPaths: Sendable, Equatable {
    /// The run directory itself, without a slash at its end.
    package let run: String

    package init(_ run: String) {
        self.run = PathText.trimmingSlashes(run)
    }

    package var experiment: String { run + "/" + RunFileName.experiment }
    package var metrics: String { run + "/" + RunFileName.metrics }
    package var history: String { run + "/" + RunFileName.history }
    package var timings: String { run + "/" + RunFileName.timings }
    package var log: String { run + "/" + RunFileName.log }
    package var status: String { run + "/" + RunFileName.status }
    package var validation: String { run + "/" + RunFileName.validation }
    package var journal: String { run + "/" + RunFileName.journal }
    package var plots: String { run + "/" + RunFileName.plots }
    package var reportJSON: String { run + "/" + RunFileName.reportJSON }
    package var checkpoints: String { run + "/" + RunFileName.checkpoints }
    package var last: String { checkpoints + "/" + RunFileName.last }
    package var previous: String { checkpoints + "/" + RunFileName.previous }
    package var best: String { checkpoints + "/" + RunFileName.best }
    package var failed: String { checkpoints + "/" + RunFileName.failed }

    /// The checkpoint that is kept for one epoch.
    package func checkpoint(epoch: Int) -> String { checkpoints + "/" + RunFileName.checkpoint(epoch: epoch) }
}
