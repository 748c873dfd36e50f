import Runs
import Synchronization
import TestSupport
import Testing

@testable import Reports

/// Answers as a script says, and keeps what was asked.
private final class ScriptedClient: WebClient {
    let requests = Mutex<[WebRequest]>([])
    private let answers: @Sendable (WebRequest) throws(TrackerError) -> WebAnswer

    init(_ answers: @escaping @Sendable (WebRequest) throws(TrackerError) -> WebAnswer) {
        self.answers = answers
    }

    func send(_ request: WebRequest) throws(TrackerError) -> WebAnswer {
        requests.withLock { $0.append(request) }
        return try answers(request)
    }

    /// What was asked since the last call: method, end of the address, body.
    func taken() -> [String] {
        requests.withLock { requests in
            defer { requests = [] }
            return requests.map {
                "\($0.method) \($0.url.split(separator: "/2.0/").last ?? "") \(String(decoding: $0.body, as: UTF8.self))"
            }
        }
    }
}

@Suite("Trackers of runs") struct RunTrackerTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func write(_ text: String, to name: String) throws {
        let path = folder.path(name)
        try FileOperations().makeDirectories(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]))
        try AtomicFile.write(text, to: path)
    }

    private static let row =
        #"{"epoch":1,"step":94,"loss":0.5,"accuracy":0.75,"val_loss":0.625,"val_accuracy":0.5,"learning_rate":0.001}"#
    private static let diverged =
        #"{"epoch":2,"step":188,"loss":null,"accuracy":0.875,"learning_rate":0.001,"diverged":true}"#

    private func moment(end: TrackedMoment.End? = nil, seconds: Int = 0) -> TrackedMoment {
        let now = 1_790_000_000_000 + seconds * 1000
        return TrackedMoment(
            snapshot: RunSnapshot(RunPaths(folder.path("run")), nowMilliseconds: now),
            parameters: [("seed", "1"), ("model.layers[0].dense.activation", "\"relu\"")], nowMilliseconds: now,
            end: end)
    }

    private func status(epoch: Int, step: Int) -> RunStatus {
        RunStatus(
            experiment: "A 1", host: "host", processIdentifier: 1, phase: "training", isOver: false, generation: 1,
            epoch: epoch, epochCount: 4, step: step, stepsPerEpoch: 100, imagesPerSecond: 1000, updatedMilliseconds: 1)
    }

    private func text(_ name: String) throws -> String {
        String(decoding: try FileOperations().read(folder.path(name), byteLimit: 10_000), as: UTF8.self)
    }

    @Test func `trackers are chosen by name and place, and unusable ones are one line`() throws {
        let client = ScriptedClient { _ in WebAnswer(status: 500) }
        func error(_ text: String, _ environment: [String: String] = [:]) -> String? {
            do throws(TrackerError) {
                _ = try RunTrackers.chosen([text], environment: environment, client: client)
                return nil
            } catch {
                return error.description
            }
        }
        #expect(error("wandb") == "there is no tracker \"wandb\": give one of dvclive, mlflow, kubeflow")
        #expect(error("dvclive=")?.contains("has no folder") == true)
        #expect(error("mlflow")?.contains("mlflow=http://127.0.0.1:5000") == true)
        #expect(error("mlflow=file:mlruns")?.contains("needs the address of a server") == true)
        #expect(error("mlflow", ["MLFLOW_TRACKING_URI": "http://host:5000"]) == nil)
        #expect(error("kubeflow")?.contains("KUBEFLOW_TRAINER_SERVER_URL is not set") == true)
        #expect(try RunTrackers.chosen([], environment: [:], client: client).isEmpty)
        #expect(client.taken().isEmpty)
    }

    @Test func `DVCLive's files have curves from step 0, nested figures and the experiment`() throws {
        try write(Self.row + "\n" + Self.diverged + "\n", to: "run/metrics.jsonl")
        try write("seed: 1\n", to: "run/experiment.yaml")
        try write("picture", to: "run/plots/curves.png")
        let client = ScriptedClient { _ in WebAnswer(status: 500) }
        var tracker = try DVCLiveTracker(folder.path("live"), environment: [:], client: client)
        try tracker.report(moment())
        #expect(try text("live/plots/metrics/train/loss.tsv") == "step\ttrain/loss\n0\t0.5\n")
        #expect(try text("live/plots/metrics/train/accuracy.tsv") == "step\ttrain/accuracy\n0\t0.75\n1\t0.875\n")
        #expect(try text("live/plots/metrics/eval/loss.tsv") == "step\teval/loss\n0\t0.625\n")
        #expect(
            try text("live/metrics.json")
                == #"{"learning_rate": 0.001, "train": {"accuracy": 0.875}, "step": 1}"# + "\n")
        #expect(try text("live/params.yaml") == "seed: 1\n")
        #expect(!FileOperations().exists(folder.path("live/plots/images/curves.png")))
        try tracker.report(moment(end: .complete))
        #expect(try text("live/plots/images/curves.png") == "picture")
    }

    private static let mlflow: @Sendable (WebRequest) -> WebAnswer = { request in
        let answers = [
            "get-by-name": (404, ""), "experiments/create": (200, #"{"experiment_id":"7"}"#),
            "runs/create": (
                200, #"{"run":{"info":{"run_id":"r1","artifact_uri":"mlflow-artifacts:/7/r1/artifacts"}}}"#
            ),
        ]
        let answer = answers.first { request.url.contains($0.key) }?.value ?? (200, "{}")
        return WebAnswer(status: answer.0, body: Array(answer.1.utf8))
    }

    @Test func `an MLflow run gets values once, each epoch once, and its files at the end`() throws {
        try write(status(epoch: 2, step: 3).json, to: "run/status.json")
        try write(Self.row + "\n", to: "run/metrics.jsonl")
        try write("weights", to: "run/checkpoints/last.safetensors")
        let client = ScriptedClient(Self.mlflow)
        var tracker = try MLflowTracker("http://host:5000/", environment: [:], client: client)
        try tracker.report(moment())
        let metrics = ["loss": "0.5", "accuracy": "0.75", "val_loss": "0.625", "val_accuracy": "0.5"]
        let begun = client.taken()
        #expect(begun.count == 5)
        #expect(begun[0] == "GET mlflow/experiments/get-by-name?experiment_name=A%201 ")
        #expect(begun[1] == #"POST mlflow/experiments/create {"name":"A 1"}"#)
        #expect(begun[2].contains(#""experiment_id":"7""#) && begun[2].contains(#""run_name":"run""#))
        #expect(
            begun[3]
                == #"POST mlflow/runs/log-batch {"params":[{"key":"seed","value":"1"},"#
                + #"{"key":"model.layers.0.dense.activation","value":"relu"}],"run_id":"r1"}"#)
        for (name, value) in metrics {
            let entry = #"{"key":"\#(name)","step":1,"timestamp":1790000000000,"value":\#(value)}"#
            #expect(begun[4].contains(entry), "\(begun[4])")
        }
        try tracker.report(moment())
        #expect(client.taken() == [])
        // A resumed training continues the run.
        var resumed = try MLflowTracker("http://host:5000", environment: [:], client: client)
        try resumed.report(moment(end: .complete))
        #expect(
            client.taken() == [
                #"POST mlflow/runs/update {"run_id":"r1","status":"RUNNING"}"#,
                "PUT mlflow-artifacts/artifacts/7/r1/artifacts/metrics.jsonl \(Self.row)\n",
                "PUT mlflow-artifacts/artifacts/7/r1/artifacts/checkpoints/last.safetensors weights",
                #"POST mlflow/runs/update {"end_time":1790000000000,"run_id":"r1","status":"FINISHED"}"#,
            ])
    }

    @Test func `a run on an MLflow server begins once its experiment is known`() throws {
        let client = ScriptedClient { (request) throws(TrackerError) in Self.mlflow(request) }
        var tracker = try MLflowTracker("http://host:5000", environment: [:], client: client)
        try tracker.report(moment())
        #expect(client.taken().isEmpty)
        try write(status(epoch: 1, step: 3).json, to: "run/status.json")
        try tracker.report(moment())
        #expect(client.taken().contains { $0.contains("experiment_name=A%201") })
    }

    @Test func `what an MLflow server refused is sent again, and the error names server and answer`() throws {
        try write(status(epoch: 2, step: 3).json, to: "run/status.json")
        try write(Self.row + "\n", to: "run/metrics.jsonl")
        let isDown = Mutex(true)
        let client = ScriptedClient { (request) throws(TrackerError) in
            if isDown.withLock({ $0 }), request.url.contains("log-batch") {
                return WebAnswer(status: 503, body: Array("down\n".utf8))
            }
            return Self.mlflow(request)
        }
        var tracker = try MLflowTracker("http://host:5000", environment: [:], client: client)
        #expect(throws: TrackerError(#"the server at http://host:5000 answered 503: down\u{a}"#)) {
            try tracker.report(moment())
        }
        isDown.withLock { $0 = false }
        _ = client.taken()
        try tracker.report(moment())
        #expect(client.taken().count == 2)
    }

    @Test func `Kubeflow gets progress, the rest of the time and the newest token, and 100 per cent at the end`() throws
    {
        let environment = [
            "KUBEFLOW_TRAINER_SERVER_URL": "https://host/status", "KUBEFLOW_TRAINER_SERVER_CA_CERT": "/ca.crt",
            "KUBEFLOW_TRAINER_SERVER_TOKEN": folder.path("token"),
        ]
        let client = ScriptedClient { _ in WebAnswer(status: 200) }
        let chosen = try RunTrackers.chosen([], environment: environment, client: client)
        var tracker = try #require(chosen.first as? KubeflowTracker)
        try write("one\n", to: "token")
        try tracker.report(moment())
        #expect(client.taken() == [], "nothing is known yet")
        try write(Self.row + "\n", to: "run/metrics.jsonl")
        try write(status(epoch: 2, step: 0).json, to: "run/status.json")
        try tracker.report(moment())
        #expect(client.requests.withLock { $0.last?.headers.last } == "Authorization: Bearer one")
        #expect(client.requests.withLock { $0.last?.authorityFile } == "/ca.crt")
        let body = try #require(client.taken().last)
        #expect(body.contains(#"{"trainerStatus":{"progressPercentage":25,"metrics":["#), "\(body)")
        #expect(body.contains(#"{"name":"val_accuracy","value":"0.5"}"#) && !body.contains("estimatedRemaining"))
        #expect(body.contains(#""lastUpdatedTime":"2026-09-21T14:13:20Z""#), "\(body)")
        try write("two", to: "token")
        try write(status(epoch: 3, step: 0).json, to: "run/status.json")
        try tracker.report(moment(seconds: 10))
        #expect(client.requests.withLock { $0.last?.headers.last } == "Authorization: Bearer two")
        #expect(client.taken().last?.contains(#""progressPercentage":50,"estimatedRemainingSeconds":20,"#) == true)
        try tracker.report(moment(end: .complete, seconds: 20))
        #expect(client.taken().last?.contains(#""progressPercentage":100,"estimatedRemainingSeconds":0,"#) == true)
        // The token is for the trainer alone.
        let clear = environment.merging(["KUBEFLOW_TRAINER_SERVER_URL": "http://host/status"]) { $1 }
        #expect(throws: TrackerError.self) { try RunTrackers.chosen([], environment: clear, client: client) }
    }

    @Test func `names are escaped in addresses`() {
        #expect(MLflowTracker.percentEncoded("runs/a ü&1.-_") == "runs/a%20%C3%BC%261.-_")
    }

    @Test func `a server that nobody reaches is an error in words`() throws {
        let error = #expect(throws: TrackerError.self) {
            try CurlClient().send(WebRequest(url: "http://127.0.0.1:1/", body: [1]))
        }
        #expect(error?.description.contains("127.0.0.1") == true, "\(String(describing: error))")
    }
}
