import Coordination
import Core
import Testing

@testable import Cluster

@Suite struct WorkerNoticesTests {
    private func view(_ generation: UInt64, learner: Bool = false, workers: [String]) -> View {
        let members = workers.enumerated().map { rank, address in
            Member(
                rank: rank, workerIdentifier: UInt32(rank), name: address, host: "host", processIdentifier: 1,
                inboxAddress: address, microBatches: learner && rank > 0 ? 8..<8 : rank * 4..<(rank + 1) * 4)
        }
        let position = Position(rounds: 7, completedSteps: 7, completedEpochs: 0)
        return View(generation: generation, position: position, holder: 0, members: members)
    }

    @Test func `a place in the view is shown once, until it changes`() {
        var notices = WorkerNotices(coordinatorAddress: "tcp://a:1", inboxAddress: "b")
        #expect(
            notices.commanded(.enterView(view(1, learner: true, workers: ["a", "b"])))
                == "joined as a learner: catching up after step 7")
        #expect(
            notices.commanded(.enterView(view(2, workers: ["a", "b"]))) == "computing as worker 2 of 2 after step 7")
        #expect(notices.commanded(.enterView(view(3, workers: ["a", "b"]))) == nil)
        #expect(notices.commanded(.enterView(view(4, workers: ["b"]))) == "computing as worker 1 of 1 after step 7")
        #expect(notices.commanded(.quiesce) == nil)
    }

    @Test func `only a coordinator that admitted the worker is lost, and only once`() {
        var notices = WorkerNotices(coordinatorAddress: "tcp://a:1", inboxAddress: "b")
        #expect(notices.connectionChanged(isConnected: true) == nil)
        #expect(notices.connectionChanged(isConnected: false) == nil)
        #expect(notices.connectionChanged(isConnected: true) == nil)
        let welcome = Welcome(
            workerIdentifier: 1, experiment: "", data: [], state: nil, records: Records(epochs: 0, savedEpochs: 0),
            timing: WorkerTiming(heartbeatIntervalMilliseconds: 250, coordinatorSilenceMilliseconds: 2000),
            settings: RunSettings())
        let admitted = notices.commanded(.loadExperiment(welcome, job: JobIdentifier(high: 1, low: 2)))
        #expect(admitted?.hasPrefix("admitted by the coordinator at tcp://a:1") == true)
        #expect(notices.connectionChanged(isConnected: false)?.hasPrefix("lost the coordinator") == true)
        #expect(notices.connectionChanged(isConnected: false) == nil)
        #expect(notices.connectionChanged(isConnected: true) == "connected to the coordinator again")
    }
}
