package import Runs

/// What a run directory shows of its run at one moment. It is read without the run's lock.
package struct RunSnapshot: Sendable, Equatable {
    /// The run directory.
    package let run: String
    /// Nil before the coordinator's first status, and for runs of older releases.
    package let status: RunStatus?
    /// Since the status was written.
    package let ageMilliseconds: Int?
    /// Nil before the first validation, and where an epoch that is not finished has one.
    package let validation: ValidationMatrix?
    /// Names of the pictures in the run's folder of plots, without ".png".
    package let pictures: [String]
    private let metricsFile: Part<[EpochRow]>
    private let validationFile: Part<ValidationMatrix?>
    private let timingsFile: Part<Timings>
    private let logFile: Part<[RunLogLine]>

    package var rows: [EpochRow] { metricsFile.content }
    package var timings: [EpochTiming] { timingsFile.content.epochs }
    package var recoveries: [RecoveryTiming] { timingsFile.content.recoveries }
    /// The last lines of the log, without those for developers.
    package var log: [RunLogLine] { logFile.content }

    /// What a file has, with the bytes and the JSON of it. What has not changed is not read again: a page reads all
    /// files twice a second.
    private struct Part<Content: Sendable & Equatable>: Sendable, Equatable {
        let content: Content
        let json: String
        private let bytes: [UInt8]

        init(
            _ bytes: [UInt8], previous: Self?, _ read: ([UInt8]) -> Content, json text: (Content) -> String
        ) {
            if let previous, previous.bytes == bytes {
                self = previous
            } else {
                content = read(bytes)
                json = text(content)
                self.bytes = bytes
            }
        }
    }

    private struct Timings: Sendable, Equatable {
        var epochs: [EpochTiming]
        var recoveries: [RecoveryTiming]
    }

    /// A status that is older than this belongs to a coordinator that is gone or suspended.
    private static let staleMilliseconds = 5000
    private static let lineLimit = 200
    private static let statusByteLimit = 1 << 22

    /// Reads the files of a run directory. What is missing or damaged is left out. `previous` is an earlier snapshot of
    /// the same run.
    package init(
        _ paths: RunPaths, nowMilliseconds: Int, previous: RunSnapshot? = nil, files: FileOperations = FileOperations()
    ) {
        func read(_ path: String, byteLimit: Int = RunFiles.byteLimit) -> [UInt8] {
            files.exists(path) ? (try? files.read(path, byteLimit: byteLimit)) ?? [] : []
        }
        run = paths.run
        status = RunStatus(json: read(paths.status, byteLimit: Self.statusByteLimit))
        ageMilliseconds = status.map { max(0, nowMilliseconds - $0.updatedMilliseconds) }
        metricsFile = Part(
            read(paths.metrics), previous: previous?.metricsFile,
            { (try? EpochRow.rows(jsonLines: String(decoding: $0, as: UTF8.self))) ?? [] },
            json: { Self.list($0.map(\.jsonLine)) })
        validationFile = Part(
            read(paths.validation, byteLimit: Self.statusByteLimit), previous: previous?.validationFile,
            { ValidationMatrix(json: $0) }, json: { $0?.json ?? "null" })
        // A run that goes back to an earlier checkpoint has the matrix of a later epoch.
        let matrix = validationFile.content
        validation = metricsFile.content.contains { $0.epoch == matrix?.epoch } ? matrix : nil
        timingsFile = Part(
            read(paths.timings), previous: previous?.timingsFile,
            { bytes in
                let lines = RunTimings.lines(bytes).compactMap(\.self)
                return Timings(epochs: lines.compactMap(\.epoch), recoveries: lines.compactMap(\.recovery))
            },
            json: { timings in
                "\"timings\":\(Self.list(timings.epochs.map { RunTimings.Line.epoch($0).jsonLine })),\"recoveries\":"
                    + Self.list(timings.recoveries.map { RunTimings.Line.recovery($0).jsonLine })
            })
        logFile = Part(
            read(paths.log), previous: previous?.logFile,
            { bytes in
                bytes.split(separator: UInt8(ascii: "\n")).suffix(2 * Self.lineLimit)
                    .compactMap { RunLogLine(jsonLine: Array($0)) }.filter { $0.level != .debug }
                    .suffix(Self.lineLimit)
            },
            json: { Self.list($0.map(\.jsonLine)) })
        pictures = ((try? files.list(paths.plots)) ?? [])
            .filter { $0.hasSuffix(".png") }.map { String($0.dropLast(4)) }
    }

    /// Of a run that has no directory yet.
    package static let notBegun = RunSnapshot()

    private init() {
        (run, status, ageMilliseconds, validation, pictures) = ("", nil, nil, nil, [])
        metricsFile = Part([], previous: nil, { _ in [] }, json: { _ in "[]" })
        validationFile = Part([], previous: nil, { _ in nil }, json: { _ in "null" })
        timingsFile = Part(
            [], previous: nil, { _ in Timings(epochs: [], recoveries: []) },
            json: { _ in "\"timings\":[],\"recoveries\":[]" })
        logFile = Part([], previous: nil, { _ in [] }, json: { _ in "[]" })
    }

    /// Whether a coordinator leads the run now.
    package var isLive: Bool {
        guard let status, let ageMilliseconds else { return false }
        return !status.isOver && ageMilliseconds < Self.staleMilliseconds
    }

    /// What is happening, in a few words.
    package var headline: String {
        guard let status else { return rows.isEmpty ? "nothing is recorded yet" : "no status is recorded" }
        if status.isOver || isLive { return status.phase }
        return "no sign of the coordinator for \((ageMilliseconds ?? 0) / 1000) s"
    }

    /// One JSON object in one line. Rows, timings and log lines have the form of their files.
    package var json: String {
        "{\"run\":\(JSONText.string(run)),\"headline\":\(JSONText.string(headline)),\"live\":\(isLive),"
            + "\"status\":\(status?.json ?? "null"),\"rows\":\(metricsFile.json),"
            + "\"validation\":\(validation == nil ? "null" : validationFile.json),\(timingsFile.json),"
            + "\"log\":\(logFile.json),\"pictures\":\(Self.list(pictures.map(JSONText.string)))}"
    }

    private static func list(_ elements: [String]) -> String { "[" + elements.joined(separator: ",") + "]" }
}

extension RunStatus {
    /// Optimizer steps of the whole run that are complete.
    var completedSteps: Int { max(0, epoch - 1) * stepsPerEpoch + step }
}

/// The page that shows a run while it trains. It loads `snapshot.json`, `events` and `plots/NAME.png` beside it, and
/// nothing from elsewhere.
package enum LivePage {
    /// What a browser may load and run for the page: its own style and script, and what this server has.
    package static let contentSecurityPolicy =
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src 'self'; connect-src 'self'"

    package static let html: [UInt8] = Array(
        String(decoding: PackageResources.live_html, as: UTF8.self).replacing("/* style.css */", with: HTMLText.style)
            .utf8)
}
