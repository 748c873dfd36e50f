import Runs

/// The files that DVCLive writes, which `dvc exp show`, `dvc metrics`, `dvc params` and `dvc plots` read.
package struct DVCLiveTracker: RunTracker {
    package static let name = "dvclive"
    package static let documentation =
        "dvclive[=FOLDER]: DVCLive's files for dvc, by default in the folder dvclive: metrics and curves of each epoch, the "
        + "experiment's values, pictures at the end"
    package static let pauseMilliseconds = 1000

    private let folder: String
    private let files = FileOperations()
    private var rows: [EpochRow] = []
    private static let experimentByteLimit = 1 << 20
    private static let pictureByteLimit = 1 << 26

    package init(
        _ destination: String?, environment: [String: String], client: any WebClient
    ) throws(TrackerError) {
        folder = destination ?? "dvclive"
        guard !folder.isEmpty else { throw TrackerError("dvclive= has no folder: name one, or leave out =") }
    }

    package mutating func report(_ moment: TrackedMoment) throws(TrackerError) {
        let snapshot = moment.snapshot
        guard snapshot.rows != rows || moment.end != nil else { return }
        do throws(FileError) {
            if rows.isEmpty {
                try write(Self.pipeline, to: "dvc.yaml")
                try write(
                    files.read(moment.paths.experiment, byteLimit: Self.experimentByteLimit), to: "params.yaml")
            }
            for (name, text) in Self.curves(snapshot.rows) { try write(text, to: "plots/metrics/\(name).tsv") }
            if let last = snapshot.rows.last { try write(Self.summary(last), to: "metrics.json") }
            if moment.end != nil {
                for picture in snapshot.pictures {
                    let path = "\(moment.paths.plots)/\(picture).png"
                    try write(files.read(path, byteLimit: Self.pictureByteLimit), to: "plots/images/\(picture).png")
                }
            }
        } catch {
            throw TrackerError("\(error)")
        }
        rows = snapshot.rows
    }

    private func write(_ text: String, to name: String) throws(FileError) {
        try write(Array(text.utf8), to: name)
    }

    private func write(_ bytes: [UInt8], to name: String) throws(FileError) {
        let path = "\(folder)/\(name)"
        try files.makeDirectories(String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)))
        try AtomicFile.write(bytes, to: path)
    }

    // MARK: Content

    private static let pipeline = """
        params:
        - params.yaml
        metrics:
        - metrics.json
        plots:
        - plots/metrics:
            x: step
        - plots/images

        """

    /// Keras's names as DVCLive has them: `val_loss` is `eval/loss`.
    static func standardName(_ name: String) -> String {
        if name == "learning_rate" { return name }
        return name.hasPrefix("val_") ? "eval/" + name.dropFirst("val_".count) : "train/" + name
    }

    /// One table for each figure. The step is the epoch from 0.
    static func curves(_ rows: [EpochRow]) -> [(name: String, text: String)] {
        var lines: [String: [String]] = [:]
        for row in rows {
            for (name, value) in row.figures {
                lines[name, default: []].append("\(row.epoch - 1)\t\(value)")
            }
        }
        return lines.sorted { $0.key < $1.key }.map { name, lines in
            let standardName = standardName(name)
            return (standardName, (["step\t\(standardName)"] + lines).joined(separator: "\n") + "\n")
        }
    }

    /// The last figures, nested as in their names.
    static func summary(_ row: EpochRow) -> String {
        var groups: [String: [String]] = [:]
        var members: [String] = []
        for (name, value) in row.figures {
            let parts = standardName(name).split(separator: "/").map(String.init)
            if parts.count == 1 {
                members.append("\"\(name)\": \(value)")
            } else {
                groups[parts[0], default: []].append("\"\(parts[1])\": \(value)")
            }
        }
        members += groups.sorted { $0.key < $1.key }.map { "\"\($0.key)\": {\($0.value.joined(separator: ", "))}" }
        return "{" + (members + ["\"step\": \(row.epoch - 1)"]).joined(separator: ", ") + "}\n"
    }
}
