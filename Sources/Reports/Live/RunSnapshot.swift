package import Runs

/// What a run directory shows of its run at one moment. It is read without the run's lock.
package struct RunSnapshot: Sendable, Equatable {
    /// The run directory.
    package let run: String
    /// Nil before the coordinator's first status, and for runs of older releases.
    package let status: RunStatus?
    /// Since the status was written.
    package let ageMilliseconds: Int?
    package let rows: [EpochRow]
    /// Nil before the first validation, and where an epoch that is not finished has one.
    package let validation: ValidationMatrix?
    package let timings: [EpochTiming]
    package let recoveries: [RecoveryTiming]
    /// The last lines of the log, without those for developers.
    package let log: [RunLogLine]
    /// Names of the pictures in the run's folder of plots, without ".png".
    package let pictures: [String]

    /// A status that is older than this belongs to a coordinator that is gone or suspended.
    private static let staleMilliseconds = 5000
    private static let lineLimit = 200
    private static let statusByteLimit = 1 << 22

    /// Reads the files of a run directory. What is missing or damaged is left out.
    package init(_ paths: RunPaths, nowMilliseconds: Int, files: FileOperations = FileOperations()) {
        func read(_ path: String, byteLimit: Int = RunFiles.byteLimit) -> [UInt8] {
            files.exists(path) ? (try? files.read(path, byteLimit: byteLimit)) ?? [] : []
        }
        run = paths.run
        status = RunStatus(json: read(paths.status, byteLimit: Self.statusByteLimit))
        ageMilliseconds = status.map { max(0, nowMilliseconds - $0.updatedMilliseconds) }
        rows = (try? EpochRow.rows(jsonLines: String(decoding: read(paths.metrics), as: UTF8.self))) ?? []
        let matrix = ValidationMatrix(json: read(paths.validation, byteLimit: Self.statusByteLimit))
        // A run that goes back to an earlier checkpoint has the matrix of a later epoch.
        validation = rows.contains { $0.epoch == matrix?.epoch } ? matrix : nil
        let lines = RunTimings.lines(read(paths.timings)).compactMap(\.self)
        timings = lines.compactMap(\.epoch)
        recoveries = lines.compactMap(\.recovery)
        log = read(paths.log).split(separator: UInt8(ascii: "\n")).suffix(2 * Self.lineLimit)
            .compactMap { RunLogLine(jsonLine: Array($0)) }.filter { $0.level != .debug }.suffix(Self.lineLimit)
        pictures = ((try? files.list(paths.plots)) ?? [])
            .filter { $0.hasSuffix(".png") }.map { String($0.dropLast(4)) }
    }

    /// Of a run that has no directory yet.
    package static let notBegun = RunSnapshot()

    private init() {
        (run, status, ageMilliseconds, validation) = ("", nil, nil, nil)
        (rows, timings, recoveries, log, pictures) = ([], [], [], [], [])
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
        let members = [
            ("run", JSONText.string(run)), ("headline", JSONText.string(headline)),
            ("live", String(isLive)), ("status", status?.json ?? "null"),
            ("rows", Self.list(rows.map(\.jsonLine))),
            ("validation", validation?.json ?? "null"),
            ("timings", Self.list(timings.map { RunTimings.Line.epoch($0).jsonLine })),
            ("recoveries", Self.list(recoveries.map { RunTimings.Line.recovery($0).jsonLine })),
            ("log", Self.list(log.map(\.jsonLine))), ("pictures", Self.list(pictures.map(JSONText.string))),
        ]
        return "{" + members.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
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
