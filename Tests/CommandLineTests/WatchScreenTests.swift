import Runs
import Testing

@testable import SelvedgeCommand

@Suite struct WatchScreenTests {
    private func lines(_ links: [RunStatus.Link]) throws -> [String] {
        let status = RunStatus(
            experiment: "A-1", host: "host1", processIdentifier: 1, phase: "training", isOver: false, generation: 1,
            epoch: 1, epochCount: 2, step: 7, stepsPerEpoch: 94, updatedMilliseconds: 0, links: links)
        let page = "{\"run\":\"runs/A-1-1\",\"headline\":\"training\",\"status\":\(status.json)}"
        let view = try #require(WatchedView(pageJSON: Array(page.utf8)))
        return WatchScreen(view: view, columns: 79).lines
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
