import Runs
import Testing

@testable import SelvedgeCommand

@Suite struct UsageHintTests {
    @Test func `an option is suggested where its name is near only`() {
        #expect(UsageHint.near("Unknown option '--lr'. Did you mean '--set'?") == "Unknown option '--lr'")
        let near = "Unknown option '--epoch'. Did you mean '--epochs'?"
        #expect(UsageHint.near(near) == near)
        #expect(UsageHint.near("Missing expected argument '<run>'") == "Missing expected argument '<run>'")
    }
}

@Suite struct WatchScreenTests {
    private func lines(
        _ links: [RunStatus.Link], workerCount: Int = 0, log: [String] = [], columns: Int? = 79, rows: Int? = nil
    ) throws -> [String] {
        let workers = (0..<workerCount).map { index in
            RunStatus.Worker(
                name: "worker-\(index)", host: "host1", processIdentifier: 12_345, rank: index, microBatches: 4,
                phase: "computing gradients", completedSteps: 7, computeShare: 0.77, silentMilliseconds: 0)
        }
        let status = RunStatus(
            experiment: "A-1", host: "host1", processIdentifier: 1, phase: "training", isOver: false, generation: 1,
            epoch: 1, epochCount: 2, step: 7, stepsPerEpoch: 94, loss: 0.3442, accuracy: 0.8744,
            updatedMilliseconds: 0, workers: workers, links: links)
        let page =
            "{\"run\":\"runs/A-1-1\",\"headline\":\"training\",\"status\":\(status.json),"
            + "\"rows\":[{\"val_loss\":0.3883,\"val_accuracy\":0.8587}],\"log\":["
            + log.map { "{\"level\":\"info\",\"msg\":\"\($0)\",\"ts\":\"2026-11-29T08:00:41Z\"}" }.joined(
                separator: ",")
            + "]}"
        let view = try #require(WatchedView(pageJSON: Array(page.utf8)))
        return WatchScreen(view: view, columns: columns, rows: rows).lines
    }

    @Test(arguments: [60, 80, 120]) func `nothing is cut: names are abbreviated, columns dropped and lines wrapped`(
        columns: Int
    ) throws {
        let message = "worker 'worker-0' joined (pid 24839, host 'vm', build 0.1.0, avx512, 1 thread): 1 of 2"
        let lines = try lines([], workerCount: 2, log: [message], columns: columns - 1)
        #expect(lines.allSatisfy { $0.count < columns })
        #expect(lines.contains { $0.contains("val_loss") && $0.hasSuffix("0.3883") })
        #expect(lines.contains { $0.hasPrefix("worker-1  computing gradients       77 %") })
        #expect(lines.contains { $0.hasSuffix("12345") } == (columns >= 80))
        let words = lines.joined(separator: " ").split(separator: " ").joined(separator: " ")
        #expect(words.hasSuffix("08:00:41Z " + message))
    }

    @Test func `a screen fits its rows: the log gives way, then workers`() throws {
        let log = (0..<6).map { "line \($0)" }
        #expect(try lines([], workerCount: 4, log: log).count == 3 + 6 + 7)
        let lines = try lines([], workerCount: 4, log: log, rows: 12)
        #expect(lines.count == 12 && lines.last == "08:00:41Z line 5")
        let few = try self.lines([], workerCount: 20, log: log, rows: 12)
        #expect(few.count == 12 && few.last == "… and 14 more" && !few.contains { $0.contains("line") })
        #expect(try self.lines([], workerCount: 1, log: log, columns: nil).count == 13)
    }

    @Test func `links are listed with their kind, the bytes of a step and what they carry now`() throws {
        let lines = try lines([
            RunStatus.Link(
                host: "host1", medium: .memory, workerCount: 2, stepBytes: 812, megabitsPerSecond: 12_345.4),
            RunStatus.Link(
                host: "host1", otherHost: "host2", medium: .tcp, workerCount: 2, otherWorkerCount: 1,
                stepBytes: 1_250_000, stepBytesBack: 6400),
        ])
        let words = lines.suffix(3).map { $0.split(separator: " ").joined(separator: " ") }
        #expect(
            words == [
                "link over workers a step now", "host1 memory 2 812 B 12,345 Mbit/s",
                "host1 - host2 tcp 2 + 1 1.2 MB, 6.4 kB -",
            ])
        #expect(try self.lines([]).allSatisfy { !$0.contains("link") })
    }
}
