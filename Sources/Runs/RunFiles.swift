/// What can be read of the files of a run, whether it is finished, unfinished or damaged. Nothing is changed or locked.
///
/// The experiment itself is read by the module Experiments.
package struct RunFiles: Sendable {
    package let paths: RunPaths
    package private(set) var rows: [EpochRow] = []
    /// Nil where timings.jsonl is missing or damaged.
    package private(set) var timing: RunTiming?
    /// Nil until the training has ended and was evaluated.
    package private(set) var result: RunResult?
    /// What is damaged, one line each.
    package private(set) var problems: [String] = []

    /// The longest text file of a run that is read, in bytes.
    package static let byteLimit = 64 << 20

    package init(_ paths: RunPaths, files: FileOperations = FileOperations()) {
        self.paths = paths
        rows =
            read(paths.metrics, files) { bytes throws(EpochRowError) in
                try EpochRow.rows(jsonLines: String(decoding: bytes, as: UTF8.self))
            } ?? []
        timing = read(paths.timings, files) { bytes throws(RunFileError) in try RunTiming(jsonLines: bytes) }
        result = read(paths.reportJSON, files) { bytes throws(RunFileError) in try RunResult(reportJSON: bytes) }
    }

    /// The content of a file; nil where it is missing, or damaged, which becomes a problem that names it.
    private mutating func read<Value, Failure: Error>(
        _ path: String, _ files: FileOperations, _ parse: ([UInt8]) throws(Failure) -> Value
    ) -> Value? {
        guard files.exists(path) else { return nil }
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try files.read(path, byteLimit: Self.byteLimit)
        } catch {
            problems.append(error.description)
            return nil
        }
        do throws(Failure) {
            return try parse(bytes)
        } catch {
            problems.append("\(path): \(error)")
            return nil
        }
    }
}

/// The evaluation in report.json.
package struct RunResult: Sendable, Equatable {
    /// Which samples were evaluated: `test`, or without a test set `validation` or `train`.
    package let split: String
    package let accuracy: Double
    /// Nil for a loss that is not a number.
    package let loss: Double?

    /// - Throws: `RunFileError` for anything but a report.
    package init(reportJSON bytes: [UInt8]) throws(RunFileError) {
        let report = (try? JSONValue(parsing: bytes))?.object
        // A report of schema 1 has no such member.
        let split = report?["split"]?.string ?? "test"
        guard let result = report?[split]?.object, let accuracy = result["accuracy"]?.number else {
            throw RunFileError("it is not the report of a training")
        }
        self.split = split
        self.accuracy = accuracy
        loss = result["loss"]?.number
    }
}

/// A line of log.jsonl.
package struct RunLogLine: Sendable, Equatable {
    package enum Level: String, Sendable {
        case debug
        case info
        case warning
        case error
    }

    /// In ISO 8601.
    package var time: String
    package var level: Level
    package var message: String

    package init(time: String, level: Level, message: String) {
        self.time = time
        self.level = level
        self.message = message
    }

    /// Reads a line; nil for anything that is not one.
    package init?(jsonLine bytes: [UInt8]) {
        guard let fields = try? JSONValue(parsing: bytes).object, let time = fields["ts"]?.string,
            let level = fields["level"]?.string.flatMap({ Level(rawValue: $0) }), let message = fields["msg"]?.string
        else { return nil }
        self.init(time: time, level: level, message: message)
    }

    /// The line without its end.
    package var jsonLine: String {
        "{\"level\":\"\(level.rawValue)\",\"msg\":\(JSONText.string(message)),\"ts\":\(JSONText.string(time))}"
    }
}
