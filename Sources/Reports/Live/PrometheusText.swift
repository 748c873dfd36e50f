import Runs

/// A run's figures in Prometheus's text format (version 0.0.4): base units, `_total` for counters, ratios from 0 to 1.
package struct PrometheusText {
    /// The value of the header Content-Type.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private var lines: [String] = []

    /// The text for a snapshot. `version` is this program's.
    package static func text(_ snapshot: RunSnapshot, version: String) -> String {
        var text = PrometheusText()
        text.add("build_info", "gauge", "The version of Selvedge.", [(1, [("version", version)])])
        text.addTraining(snapshot)
        text.addWorkers(snapshot.status?.workers ?? [])
        text.addRecoveries(snapshot.recoveries)
        return text.lines.map { $0 + "\n" }.joined()
    }

    private typealias Sample = (value: Double?, labels: [(name: String, value: String)])

    private mutating func add(_ name: String, _ kind: String, _ help: String, _ value: Double?) {
        add(name, kind, help, [(value, [])])
    }

    /// Adds a metric; samples without a value are left out, and a metric without samples too.
    private mutating func add(_ name: String, _ kind: String, _ help: String, _ samples: [Sample]) {
        let present = samples.filter { $0.value != nil }
        guard !present.isEmpty else { return }
        lines += ["# HELP selvedge_\(name) \(help)", "# TYPE selvedge_\(name) \(kind)"]
        for sample in present {
            let labels = sample.labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",")
            lines.append(
                "selvedge_\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(Self.number(sample.value ?? 0))")
        }
    }

    private mutating func addTraining(_ snapshot: RunSnapshot) {
        let (status, row) = (snapshot.status, snapshot.rows.last)
        add("up", "gauge", "1 while a coordinator leads the run.", snapshot.isLive ? 1 : 0)
        add("epoch", "gauge", "The last finished epoch.", row.map { Double($0.epoch) } ?? 0)
        add("epochs", "gauge", "Epochs that were asked for.", status.map { Double($0.epochCount) })
        add("step_total", "counter", "Optimizer steps that are complete.", status.map { Double($0.completedSteps) })
        add("train_loss", "gauge", "Training loss of the running epoch, or the last one.", status?.loss ?? row?.loss)
        add(
            "train_accuracy_ratio", "gauge", "Training accuracy of the running epoch, or the last one.",
            status?.accuracy ?? row?.accuracy)
        add("validation_loss", "gauge", "Validation loss of the last epoch.", row?.validationLoss)
        add(
            "validation_accuracy_ratio", "gauge", "Validation accuracy of the last epoch.", row?.validationAccuracy)
        add(
            "learning_rate", "gauge", "Learning rate of the last step of an epoch.", row.map { Double($0.learningRate) }
        )
        add("images_per_second", "gauge", "Images trained on in a second.", status?.imagesPerSecond)
        add("epoch_duration_seconds", "gauge", "Seconds of the last epoch.", snapshot.timings.last?.seconds)
        add("generation", "gauge", "Number of the current view of workers.", status.map { Double($0.generation) })
        add(
            "status_timestamp_seconds", "gauge", "When the coordinator last reported.",
            status.map { Double($0.updatedMilliseconds) / 1000 })
    }

    private mutating func addWorkers(_ workers: [RunStatus.Worker]) {
        add("workers", "gauge", "Workers that compute.", Double(workers.count { $0.microBatches > 0 }))
        func samples(_ value: (RunStatus.Worker) -> Double?) -> [Sample] {
            workers.map { (value($0), [("worker", $0.name), ("host", $0.host)]) }
        }
        add("worker_up", "gauge", "1 for each worker that is present.", samples { _ in 1 })
        add("worker_rank", "gauge", "Place in the view.", samples { $0.rank.map(Double.init) })
        add(
            "worker_micro_batches", "gauge", "Micro-batches of a step that it computes.",
            samples { Double($0.microBatches) })
        add("worker_step_total", "counter", "Steps that it has completed.", samples { Double($0.completedSteps) })
        add(
            "worker_compute_ratio", "gauge", "Part of a step's time in which it computes.", samples(\.computeShare))
        add(
            "worker_silent_seconds", "gauge", "Seconds since its last message.",
            samples { Double($0.silentMilliseconds) / 1000 })
    }

    private mutating func addRecoveries(_ recoveries: [RecoveryTiming]) {
        add("recoveries_total", "counter", "Changes of the workers.", Double(recoveries.count))
        let nanoseconds = recoveries.map { Double($0.recoveredNanoseconds - $0.noticedNanoseconds) }
        add(
            "recovery_seconds_total", "counter", "Seconds from notices of losses to the next steps.",
            nanoseconds.reduce(0, +) / 1e9)
        add(
            "redone_micro_batches_total", "counter", "Micro-batches that were computed again.",
            Double(recoveries.reduce(0) { $0 + $1.redoneMicroBatches }))
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int(exactly: value).map(String.init) ?? value.description
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
