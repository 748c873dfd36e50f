import Runs

/// A run of an MLflow server, through its REST interface.
///
/// The server's number of the run is kept in RUN/mlflow.json: a training that is resumed continues that run.
package struct MLflowTracker: RunTracker {
    package static let name = "mlflow"
    package static let documentation =
        "mlflow[=URL]: a run on an MLflow server, by default MLFLOW_TRACKING_URI's: metrics of each epoch, the experiment's "
        + "values; report, pictures and the result's checkpoint at the end"
    package static let pauseMilliseconds = 2000

    private let address: String
    private let headers: [String]
    private let credentials: String?
    private let experimentName: String?
    private let client: any WebClient
    private let files = FileOperations()
    /// The run on the server, once it is known.
    private var record: MLflowRecord?
    private var hasParameters = false

    private static let artifactByteLimit = 1 << 29
    private static let artifactTimeoutMilliseconds = 60_000
    /// The server takes no more parameters, and no more metrics, in one request.
    private static let batchParameterLimit = 100
    private static let batchRowLimit = 150

    package init(
        _ destination: String?, environment: [String: String], client: any WebClient
    ) throws(TrackerError) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        guard let address = destination ?? value("MLFLOW_TRACKING_URI"),
            address.hasPrefix("http://") || address.hasPrefix("https://")
        else {
            throw TrackerError("mlflow needs the address of a server, such as mlflow=http://127.0.0.1:5000")
        }
        self.address = String(address.reversed().drop { $0 == "/" }.reversed())
        self.client = client
        let token = value("MLFLOW_TRACKING_TOKEN")
        headers = ["Content-Type: application/json"] + (token.map { ["Authorization: Bearer \($0)"] } ?? [])
        credentials = value("MLFLOW_TRACKING_USERNAME").map { "\($0):\(value("MLFLOW_TRACKING_PASSWORD") ?? "")" }
        experimentName = value("MLFLOW_EXPERIMENT_NAME")
    }

    package mutating func report(_ moment: TrackedMoment) throws(TrackerError) {
        if record == nil { try open(moment) }
        guard var record else { return }
        try sendParameters(moment.parameters, record)
        while record.epochs < moment.snapshot.rows.count {
            let rows = moment.snapshot.rows.dropFirst(record.epochs).prefix(Self.batchRowLimit)
            try send(rows, moment, record)
            record.epochs += rows.count
            try keep(record, moment)
        }
        guard let end = moment.end else { return }
        if end == .complete { try sendArtifacts(moment, record) }
        _ = try post(
            "runs/update",
            [
                "run_id": .string(record.run), "status": .string(Self.status(end)),
                "end_time": .whole(moment.nowMilliseconds),
            ])
    }

    private static func status(_ end: TrackedMoment.End) -> String {
        switch end {
        case .complete: "FINISHED"
        case .interrupted: "KILLED"
        case .failed: "FAILED"
        }
    }

    // MARK: The run

    /// Finds the run that was begun before, or begins one.
    private mutating func open(_ moment: TrackedMoment) throws(TrackerError) {
        if let kept = MLflowRecord(json: (try? files.read(MLflowRecord.path(moment), byteLimit: 1 << 16)) ?? []),
            kept.server == address
        {
            _ = try post("runs/update", ["run_id": .string(kept.run), "status": .string("RUNNING")])
            record = kept
            hasParameters = true
            return
        }
        // The coordinator has not written its first status yet: the next report begins.
        guard let status = moment.snapshot.status else { return }
        let tags = [("selvedge.run", moment.snapshot.run), ("selvedge.host", status.host)].map { key, value in
            JSONValue.object(["key": .string(key), "value": .string(value)])
        }
        let answer = try post(
            "runs/create",
            [
                "experiment_id": .string(try experiment(experimentName ?? status.experiment)),
                "start_time": .whole(moment.nowMilliseconds),
                "run_name": .string(moment.runName), "tags": .array(tags),
            ])
        let information = answer["run"]?.object?["info"]?.object
        guard let run = information?["run_id"]?.string, let place = information?["artifact_uri"]?.string else {
            throw TrackerError("the server at \(address) names no run in its answer")
        }
        let begun = MLflowRecord(server: address, run: run, artifacts: place, epochs: 0)
        try keep(begun, moment)
    }

    /// The number of the experiment with this name, which is made where there is none.
    private func experiment(_ name: String) throws(TrackerError) -> String {
        let found = try send("GET", "experiments/get-by-name?experiment_name=\(Self.percentEncoded(name))", [])
        let number =
            found.status == 404
            ? try post("experiments/create", ["name": .string(name)])["experiment_id"]?.string
            : try object(found)["experiment"]?.object?["experiment_id"]?.string
        guard let number else { throw TrackerError("the server at \(address) names no experiment in its answer") }
        return number
    }

    private mutating func keep(_ record: MLflowRecord, _ moment: TrackedMoment) throws(TrackerError) {
        self.record = record
        do {
            try AtomicFile.write(record.json, to: MLflowRecord.path(moment), access: .owner)
        } catch {
            throw TrackerError("\(error)")
        }
    }

    // MARK: Content

    private mutating func sendParameters(
        _ parameters: [(key: String, value: String)], _ record: MLflowRecord
    ) throws(TrackerError) {
        guard !hasParameters else { return }
        var rest = parameters[...]
        while !rest.isEmpty {
            let part = rest.prefix(Self.batchParameterLimit)
            rest = rest.dropFirst(part.count)
            let values = part.map {
                JSONValue.object(["key": .string(Self.key($0.key)), "value": .string(Self.plain($0.value))])
            }
            _ = try post("runs/log-batch", ["run_id": .string(record.run), "params": .array(values)])
        }
        hasParameters = true
    }

    /// A key without the brackets that MLflow refuses: `model.layers[0].dense` is `model.layers.0.dense`.
    static func key(_ text: String) -> String { text.replacing("[", with: ".").replacing("]", with: "") }

    /// A value without the quotes of YAML.
    static func plain(_ value: String) -> String {
        value.count > 1 && value.hasPrefix("\"") && value.hasSuffix("\"") ? String(value.dropFirst().dropLast()) : value
    }

    private func send(
        _ rows: ArraySlice<EpochRow>, _ moment: TrackedMoment, _ record: MLflowRecord
    ) throws(TrackerError) {
        let timings = Dictionary(moment.snapshot.timings.map { ($0.epoch, $0) }) { $1 }
        var metrics: [JSONValue] = []
        for row in rows {
            var figures = row.figures
            if let timing = timings[row.epoch] { figures.append(("images_per_second", timing.imagesPerSecond)) }
            for (name, value) in figures {
                metrics.append(
                    .object([
                        "key": .string(name), "value": .number(value), "timestamp": .whole(moment.nowMilliseconds),
                        "step": .whole(row.epoch),
                    ]))
            }
        }
        _ = try post("runs/log-batch", ["run_id": .string(record.run), "metrics": .array(metrics)])
    }

    /// Through the server where it keeps artifacts itself; other places need a client of their own.
    private func sendArtifacts(_ moment: TrackedMoment, _ record: MLflowRecord) throws(TrackerError) {
        guard record.artifacts.hasPrefix("mlflow-artifacts:"), let path = Self.path(of: record.artifacts) else {
            return
        }
        let (paths, run) = (moment.paths, moment.snapshot.run)
        let result = files.exists(paths.best) ? paths.best : paths.last
        var uploads: [(file: String, name: String)] = []
        for name in ["experiment.yaml", "report.html", "report.txt", "report.json", "metrics.jsonl"] {
            uploads.append(("\(run)/\(name)", name))
        }
        for picture in moment.snapshot.pictures {
            uploads.append(("\(paths.plots)/\(picture).png", "plots/\(picture).png"))
        }
        uploads.append((result, "checkpoints/\(TrackedMoment.name(result))"))
        for (file, name) in uploads where files.exists(file) {
            let bytes: [UInt8]
            do {
                bytes = try files.read(file, byteLimit: Self.artifactByteLimit)
            } catch {
                throw TrackerError("\(error)")
            }
            let answer = try send(
                "PUT", "mlflow-artifacts/artifacts/\(path)/\(Self.percentEncoded(name))", bytes,
                timeoutMilliseconds: Self.artifactTimeoutMilliseconds)
            guard 200..<300 ~= answer.status else { throw refusal(answer) }
        }
    }

    /// `1/abc/artifacts` of `mlflow-artifacts:/1/abc/artifacts`, with or without a host.
    static func path(of place: String) -> String? {
        let text = place.dropFirst("mlflow-artifacts:".count)
        let path = text.hasPrefix("//") ? text.dropFirst(2).drop { $0 != "/" } : text
        let trimmed = path.drop { $0 == "/" }
        return trimmed.isEmpty ? nil : String(trimmed)
    }

    // MARK: Requests

    private func post(
        _ path: String, _ members: [String: JSONValue]
    ) throws(TrackerError) -> [String: JSONValue] {
        try object(try send("POST", path, Array(JSONValue.object(members).text.utf8)))
    }

    private func send(
        _ method: String, _ path: String, _ body: [UInt8], timeoutMilliseconds: Int = 5000
    ) throws(TrackerError) -> WebAnswer {
        do {
            return try client.send(
                WebRequest(
                    method: method, url: "\(address)/api/2.0/\(path.hasPrefix("mlflow-") ? "" : "mlflow/")\(path)",
                    headers: headers, body: body, credentials: credentials, timeoutMilliseconds: timeoutMilliseconds))
        } catch {
            throw TrackerError("the server at \(address): \(error)")
        }
    }

    private func object(_ answer: WebAnswer) throws(TrackerError) -> [String: JSONValue] {
        guard answer.status == 200 else { throw refusal(answer) }
        return (try? JSONValue(parsing: answer.body))?.object ?? [:]
    }

    private func refusal(_ answer: WebAnswer) -> TrackerError {
        TrackerError("the server at \(address) answered \(answer.status): \(answer.excerpt)")
    }

    /// `text` as a part of an address.
    static func percentEncoded(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
            if isPlain || "-._/".unicodeScalars.contains(scalar) {
                encoded.unicodeScalars.append(scalar)
            } else {
                encoded += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return encoded
    }
}

/// The content of RUN/mlflow.json: which run of which server, and what it has got.
private struct MLflowRecord {
    var server: String
    var run: String
    var artifacts: String
    /// Epochs whose metrics the server has.
    var epochs: Int

    static func path(_ moment: TrackedMoment) -> String { "\(moment.snapshot.run)/mlflow.json" }

    init(server: String, run: String, artifacts: String, epochs: Int) {
        (self.server, self.run, self.artifacts, self.epochs) = (server, run, artifacts, epochs)
    }

    init?(json: [UInt8]) {
        guard let members = try? JSONValue(parsing: json).object, let server = members["server"]?.string,
            let run = members["run_id"]?.string, let artifacts = members["artifact_uri"]?.string,
            let epochs = members["epochs"]?.whole, epochs >= 0
        else { return nil }
        self.init(server: server, run: run, artifacts: artifacts, epochs: epochs)
    }

    var json: String {
        JSONValue.object([
            "server": .string(server), "run_id": .string(run), "artifact_uri": .string(artifacts),
            "epochs": .whole(epochs),
        ]).text + "\n"
    }
}
