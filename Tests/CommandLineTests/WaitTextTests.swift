import Runs
import Testing

@testable import SelvedgeCommand

@Suite struct WaitTextTests {
    private func worker(
        _ name: String, on host: String = "host1", rank: Int? = 0, microBatches: Int = 4, share: Double? = nil,
        silent: Int = 100, phase: String = "computing gradients"
    ) -> RunStatus.Worker {
        RunStatus.Worker(
            name: name, host: host, processIdentifier: 1, rank: rank, microBatches: microBatches, phase: phase,
            completedSteps: 7, computeShare: share, silentMilliseconds: silent)
    }

    private func lines(_ workers: [RunStatus.Worker], isOver: Bool = false) -> [String] {
        WaitText(
            RunStatus(
                experiment: "A-1", host: "host1", processIdentifier: 1, phase: "training", isOver: isOver,
                generation: 1,
                epoch: 1, epochCount: 2, step: 7, stepsPerEpoch: 94, updatedMilliseconds: 0, workers: workers)
        ).lines
    }

    @Test func `several hosts are listed with their workers and micro-batches, one is not`() {
        #expect(
            lines([
                worker("a", microBatches: 2), worker("b", on: "host2", rank: 1), worker("c", microBatches: 2),
                worker("d", on: "host3", rank: nil, microBatches: 1),
            ]) == [
                "hosts: host1 (2 workers, 4 micro-batches), host2 (1 worker, 4 micro-batches), host3 (1 worker, 1 micro-batch)"
            ])
        #expect(lines([worker("a"), worker("b")]) == [])
    }

    @Test func `the worker that computes longest is the one that others wait for`() {
        #expect(
            lines([worker("a", share: 0.5), worker("b", share: 0.95), worker("c", share: 0.9)])
                == ["waiting for b on host1, which computes 95 % of a step: a (45 % of a step)"])
        // Without all shares, or without a difference, there is no such worker.
        #expect(lines([worker("a", share: 0.5), worker("b")]) == [])
        #expect(lines([worker("a", share: 0.91), worker("b", share: 0.95)]) == [])
        #expect(lines([worker("a", share: 0.5), worker("b", rank: nil, microBatches: 0, share: nil)]) == [])
    }

    @Test func `a silent worker is the one that all wait for, until the run is over`() {
        let workers = [worker("a", share: 0.5), worker("b", share: 0.9), worker("c", silent: 4100)]
        #expect(lines(workers) == ["all wait for c on host1, silent for 4 s"])
        #expect(lines(workers, isOver: true) == [])
    }

    @Test func `before the first view all wait for those that load`() {
        let phase = "loading the experiment, data and state"
        #expect(
            lines([worker("a", rank: nil, microBatches: 0, phase: phase)])
                == ["all wait for a on host1, loading the experiment, data and state"])
        #expect(lines([]) == [])
    }

    @Test func `many names are cut`() {
        let workers = (0..<20).map { worker("w\($0)", on: "host\($0)", silent: 2000) }
        for line in lines(workers) { #expect(line.hasSuffix(" and 12 more")) }
    }
}

@Suite struct WatchedViewTests {
    @Test func `what a page sends is shown, and any other text is refused`() throws {
        let status = RunStatus(
            experiment: "A-1", host: "host1", processIdentifier: 1, phase: "training", isOver: false, generation: 1,
            epoch: 2, epochCount: 3, step: 7, stepsPerEpoch: 94, loss: 0.25, updatedMilliseconds: 5)
        let row = #"{"epoch":1,"step":94,"loss":0.5,"accuracy":0.75,"val_loss":0.625,"learning_rate":0.001}"#
        let line = #"{"level":"info","msg":"a \"b\"","ts":"2026-01-01T00:00:00Z"}"#
        let text = #"{"run":"r","headline":"training","status":\#(status.json),"rows":[\#(row)],"log":[\#(line)]}"#
        let view = try #require(WatchedView(pageJSON: Array(text.utf8)))
        #expect(view.run == "r" && view.headline == "training" && view.status == status)
        #expect(view.loss == 0.5 && view.validationLoss == 0.625 && view.validationAccuracy == nil)
        #expect(view.log.map(\.message) == ["a \"b\""])
        for text in ["", "[]", "{}", "<html>", #"{"run":1,"headline":"x"}"#] {
            let isRefused = WatchedView(pageJSON: Array(text.utf8)) == nil
            #expect(isRefused, "\(text)")
        }
    }

    @Test(arguments: [
        "http://", "http:///?token=a", "http://host:99999/", "http://host:1/?token=a%0d%0aX:%20y",
        "http://host:1/?token=é",
    ])
    func `an address that cannot be one of a page is refused`(text: String) {
        #expect(throws: ExitStatus.self) { try LivePageClient(text) }
    }
}
