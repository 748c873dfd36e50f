import TestSupport
import Testing

@testable import Runs

@Suite("Timings of a run")
struct RunTimingsTests {
    private let epoch = EpochTiming(epoch: 2, seconds: 1.5, imagesPerSecond: 1000, workerCount: 3, generation: 4)
    private let recovery = RecoveryTiming(
        generation: 2, cause: "worker \"1\" was lost", noticedNanoseconds: 30, recoveredNanoseconds: 50,
        redoneMicroBatches: 4)

    @Test("Lines are read back as they were written")
    func roundTrip() {
        var counted = recovery
        counted.lastStepNanoseconds = 20
        let lines: [RunTimings.Line] = [.epoch(epoch), .recovery(recovery), .recovery(counted)]
        let text = lines.map { $0.jsonLine + "\n" }.joined()
        #expect(RunTimings.lines(Array(text.utf8)) == lines)
    }

    @Test("The file's format is unchanged")
    func format() {
        #expect(
            RunTimings.Line.epoch(epoch).jsonLine
                == "{\"epoch\":2,\"seconds\":1.5,\"images_per_second\":1000.0,\"workers\":3,\"generation\":4}")
        #expect(
            RunTimings.Line.recovery(recovery).jsonLine
                == "{\"recovery\":{\"cause\":\"worker \\\"1\\\" was lost\",\"generation\":2,\"noticed_ns\":30,"
                + "\"recovered_ns\":50,\"redone_micro_batches\":4}}")
        var counted = recovery
        counted.lastStepNanoseconds = 20
        #expect(RunTimings.Line.recovery(counted).jsonLine.contains(",\"last_step_ns\":20,\"noticed_ns\":30,"))
    }

    @Test("Recoveries are read beside epochs, and damaged lines are ignored")
    func recoveries() throws {
        let folder = try TemporaryFolder()
        let lines = [
            RunTimings.Line.epoch(epoch).jsonLine, RunTimings.Line.recovery(recovery).jsonLine,
            "{\"recovery\":{\"noticed_ns\":4}}", "{\"rec",
        ]
        let path = try folder.write(lines.joined(separator: "\n"), to: "timings.jsonl")
        #expect(RunTimings.recoveries(path: path) == [recovery])
        #expect(RunTimings.recoveries(path: folder.path("absent")) == [])
    }

    @Test("Epochs are summed; of an epoch that was done twice the last counts")
    func sums() throws {
        var again = epoch
        (again.seconds, again.imagesPerSecond) = (0.5, 3000)
        let first = EpochTiming(epoch: 1, seconds: 1.5, imagesPerSecond: 1000, workerCount: 1, generation: 1)
        let lines: [RunTimings.Line] = [.epoch(first), .epoch(epoch), .recovery(recovery), .epoch(again)]
        let timing = try RunTiming(jsonLines: Array(lines.map { $0.jsonLine + "\n" }.joined().utf8))
        #expect(timing.seconds == 2)
        #expect(timing.imagesPerSecond == 1500)
        #expect(throws: RunFileError("line 1 is not a timing")) { try RunTiming(jsonLines: Array("{}".utf8)) }
    }

    @Test("Files of a run that are missing are absent, and damaged ones are named")
    func files() throws {
        let folder = try TemporaryFolder()
        let empty = RunFiles(RunPaths(folder.path))
        #expect(empty.rows.isEmpty && empty.timing == nil && empty.result == nil && empty.problems.isEmpty)
        try folder.write("{\"epoch\":0}\n", to: "metrics.jsonl")
        try folder.write("nothing\n", to: "timings.jsonl")
        let figures = "{\"accuracy\":0.5,\"loss\":null}"
        try folder.write("{\"split\":\"validation\",\"validation\":\(figures),\"other\":[1]}", to: "report.json")
        let damaged = RunFiles(RunPaths(folder.path))
        #expect(damaged.problems.count == 2, "\(damaged.problems)")
        #expect(damaged.problems.allSatisfy { $0.hasPrefix(folder.path + "/") })
        let result = try #require(damaged.result)
        #expect(result.split == "validation" && result.accuracy == 0.5 && result.loss == nil)
    }
}
