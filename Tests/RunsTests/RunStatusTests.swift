import Core
import TestSupport
import Testing

@testable import Runs

@Suite("Status of a run") struct RunStatusTests {
    static let status = RunStatus(
        experiment: "A \"1\"", host: "host", processIdentifier: 12, phase: "training", isOver: false, generation: 3,
        epoch: 2, epochCount: 50, step: 55, stepsPerEpoch: 94, loss: 0.25, accuracy: 0.5, imagesPerSecond: 1000,
        updatedMilliseconds: 1_790_000_000_000,
        workers: [
            RunStatus.Worker(
                name: "left", host: "host", processIdentifier: 13, rank: 0, microBatches: 4,
                phase: "computing gradients", completedSteps: 149, computeShare: 0.75, silentMilliseconds: 20),
            RunStatus.Worker(
                name: "spare", host: "other", processIdentifier: 14, rank: nil, microBatches: 0, phase: "waiting",
                completedSteps: 0, computeShare: nil, silentMilliseconds: 0),
        ],
        links: [
            RunStatus.Link(host: "host", medium: .memory, workerCount: 2, stepBytes: 1 << 40),
            RunStatus.Link(
                host: "host", otherHost: "other", medium: .tcp, workerCount: 2, otherWorkerCount: 1, stepBytes: 7,
                stepBytesBack: 8, megabitsPerSecond: 94.5),
        ])

    @Test func `what is written reads back equal`() {
        #expect(RunStatus(json: Array(Self.status.json.utf8)) == Self.status)
        var begun = Self.status
        (begun.loss, begun.accuracy, begun.imagesPerSecond, begun.workers) = (nil, nil, nil, [])
        #expect(RunStatus(json: Array(begun.json.utf8)) == begun)
        // A program that knew no links wrote the file, or one that knows another kind.
        (begun.links, begun.workers) = ([], [])
        #expect(RunStatus(json: Array(begun.json.replacing(",\"links\":[]", with: "").utf8)) == begun)
        let other = Self.status.json.replacing("\"memory\"", with: "\"light\"")
        #expect(RunStatus(json: Array(other.utf8))?.links == [Self.status.links[1]])
    }

    @Test func `figures that are not finite are left out`() throws {
        var diverged = Self.status
        diverged.loss = .nan
        diverged.imagesPerSecond = .infinity
        let read = try #require(RunStatus(json: Array(diverged.json.utf8)))
        #expect(read.loss == nil && read.imagesPerSecond == nil && read.accuracy == 0.5)
    }

    @Test(arguments: [
        ("", ""), ("\"version\":1", "\"version\":2"), ("\"epoch\":2", "\"epoch\":4294967296"),
        ("\"epoch\":2", "\"epoch\":-1"), ("\"steps_per_epoch\":94", "\"steps_per_epoch\":9e99"),
        ("\"updated_ms\":1790000000000", "\"updated_ms\":9223372036854775807"), ("\"over\":false", "\"over\":0"),
        ("\"workers\":[", "\"workers\":{"), ("\"links\":[", "\"links\":{"),
    ])
    func `a text that is no status is refused`(part: String, replacement: String) {
        let text = part.isEmpty ? "" : Self.status.json.replacing(part, with: replacement)
        #expect(RunStatus(json: Array(text.utf8)) == nil)
    }

    @Test func `a status replaces the one before, and a failure to write it is ignored`() throws {
        let folder = try TemporaryFolder()
        let run = try RunDirectory.create(
            at: folder.path + "/run", experiment: "name: x\n", digest: SHA256Digest(of: []))
        run.replaceStatus(Self.status)
        var next = Self.status
        next.step = 56
        run.replaceStatus(next)
        #expect(RunStatus(json: try FileOperations().read(run.paths.status, byteLimit: 1 << 16)) == next)
        #expect(try run.folder.list().filter { AtomicFile.isTemporary($0) } == [])
    }
}
