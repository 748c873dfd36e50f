import Runs
import TestSupport
import Testing

@testable import Reports

@Suite("What a run directory shows") struct RunSnapshotTests {
    private static let written = 1_790_000_000_000

    private static func folder(isOver: Bool = false) throws -> TemporaryRun {
        let run = try TemporaryRun()
        let status = RunStatus(
            experiment: "A-1", host: "host", processIdentifier: 12, phase: isOver ? "complete" : "training",
            isOver: isOver, generation: 3, epoch: 2, epochCount: 50, step: 55, stepsPerEpoch: 94, loss: 0.25,
            accuracy: 0.5, imagesPerSecond: 1000, updatedMilliseconds: written,
            workers: [
                RunStatus.Worker(
                    name: "le\"ft", host: "host", processIdentifier: 13, rank: 0, microBatches: 4,
                    phase: "computing gradients", completedSteps: 149, computeShare: 0.75, silentMilliseconds: 20)
            ])
        try run.write("status.json", status.json)
        try run.write(
            "metrics.jsonl",
            "{\"epoch\":1,\"step\":94,\"loss\":0.5,\"accuracy\":0.75,\"val_loss\":0.625,\"val_accuracy\":0.5,"
                + "\"learning_rate\":0.001}\n")
        try run.write(
            "timings.jsonl",
            "{\"epoch\":1,\"seconds\":2,\"images_per_second\":500,\"workers\":2,\"generation\":1}\ndamaged\n"
                + "{\"recovery\":{\"cause\":\"killed\",\"generation\":3,\"noticed_ns\":1000000000,"
                + "\"recovered_ns\":1500000000,\"redone_micro_batches\":4}}\n")
        try run.write(
            "log.jsonl",
            "{\"level\":\"debug\",\"msg\":\"detail\",\"ts\":\"2026-01-01T00:00:00Z\"}\n"
                + "{\"level\":\"warning\",\"msg\":\"lost\",\"ts\":\"2026-01-01T00:00:01Z\"}\n")
        return run
    }

    @Test func `a running training has its status, rows, recoveries and the log without details`() throws {
        let run = try Self.folder()
        let snapshot = RunSnapshot(RunPaths(run.path), nowMilliseconds: Self.written + 400)
        #expect(snapshot.isLive && snapshot.headline == "training" && snapshot.ageMilliseconds == 400)
        #expect(snapshot.rows.map(\.epoch) == [1] && snapshot.timings.map(\.seconds) == [2])
        #expect(snapshot.recoveries.map(\.redoneMicroBatches) == [4] && snapshot.log.map(\.message) == ["lost"])
        #expect(try JSONValue(parsing: Array(snapshot.json.utf8)).object?["live"] == .boolean(true))
    }

    @Test func `the matrix of a finished epoch is shown, and none of a later or a damaged one`() throws {
        let run = try Self.folder()
        let snapshot = { RunSnapshot(RunPaths(run.path), nowMilliseconds: Self.written) }
        #expect(snapshot().validation == nil)
        for (epoch, isShown) in [(1, true), (2, false)] {
            let matrix = ValidationMatrix(epoch: epoch, classNames: ["a\"b"], counts: [[3, 1], [0, 5]])
            try run.write("validation.json", matrix.json)
            #expect(snapshot().validation == (isShown ? matrix : nil))
            #expect(snapshot().json.contains("\"counts\":[[3,1],[0,5]]") == isShown)
        }
        for damaged in [
            "", "{\"epoch\":1,\"classes\":[],\"counts\":[[1,2],[3]]}", "{\"epoch\":1,\"classes\":[],\"counts\":[[-1]]}",
        ] {
            try run.write("validation.json", damaged)
            #expect(snapshot().validation == nil, "\(damaged)")
        }
    }

    @Test func `a snapshot with an earlier one at hand is that of the files`() throws {
        let run = try Self.folder()
        let read = { (previous: RunSnapshot?) in
            RunSnapshot(RunPaths(run.path), nowMilliseconds: Self.written, previous: previous)
        }
        let first = read(nil)
        #expect(read(first) == first)
        try run.write("log.jsonl", "{\"level\":\"info\",\"msg\":\"new\",\"ts\":\"2026-01-01T00:00:02Z\"}\n")
        try run.write("timings.jsonl", "")
        #expect(read(first) == read(nil))
        #expect(read(first).log.map(\.message) == ["new"] && read(first).recoveries == [])
    }

    @Test func `a coordinator that reports no more is named, and an ended one is not`() throws {
        let run = try Self.folder()
        let silent = RunSnapshot(RunPaths(run.path), nowMilliseconds: Self.written + 61_000)
        #expect(!silent.isLive && silent.headline == "no sign of the coordinator for 61 s")
        let over = try Self.folder(isOver: true)
        let ended = RunSnapshot(RunPaths(over.path), nowMilliseconds: Self.written + 61_000)
        #expect(!ended.isLive && ended.headline == "complete")
    }

    @Test func `an empty folder is a run without anything`() throws {
        let run = try TemporaryRun()
        let snapshot = RunSnapshot(RunPaths(run.path), nowMilliseconds: 0)
        #expect(snapshot.status == nil && snapshot.rows == [] && snapshot.log == [] && snapshot.pictures == [])
        #expect((try? JSONValue(parsing: Array(snapshot.json.utf8))) != nil)
    }

    @Test func `Prometheus gets base units, ratios, counters and escaped names`() throws {
        let run = try Self.folder()
        let snapshot = RunSnapshot(RunPaths(run.path), nowMilliseconds: Self.written)
        let lines = PrometheusText.text(snapshot, version: "1.2").split(separator: "\n")
        for line in [
            "selvedge_build_info{version=\"1.2\"} 1", "# TYPE selvedge_step_total counter", "selvedge_step_total 149",
            "selvedge_validation_accuracy_ratio 0.5", "selvedge_up 1", "selvedge_recovery_seconds_total 0.5",
            "selvedge_worker_compute_ratio{worker=\"le\\\"ft\",host=\"host\"} 0.75",
            "selvedge_worker_silent_seconds{worker=\"le\\\"ft\",host=\"host\"} 0.02",
        ] {
            #expect(lines.contains(Substring(line)), "\(line)")
        }
        // Every metric is described once, before its samples.
        let described = lines.filter { $0.hasPrefix("# TYPE ") }.map { $0.split(separator: " ")[2] }
        let sampled = lines.filter { !$0.hasPrefix("#") }.map { $0.prefix { $0 != "{" && $0 != " " } }
        #expect(described.count == Set(described).count && Set(sampled) == Set(described))
    }

    @Test func `the page loads nothing from elsewhere`() {
        let page = String(decoding: LivePage.html, as: UTF8.self)
        #expect(page.hasPrefix("<!DOCTYPE html>") && page.contains("</html>"))
        let addresses = page.split(separator: "\"").filter { $0.contains("://") }
        #expect(addresses == ["http://www.w3.org/2000/svg"], "\(addresses)")
        // Names of workers and lines of logs are text, never markup.
        #expect(!page.contains("innerHTML") && !page.contains("insertAdjacentHTML"))
    }
}

/// A folder with files of a run; it is removed with its object.
private final class TemporaryRun {
    let path: String
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path
    }

    func write(_ name: String, _ text: String) throws {
        try AtomicFile.write(text, to: "\(path)/\(name)")
    }
}
