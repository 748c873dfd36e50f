import Experiments
import Faults
import Foundation
import Testing
import Training

@testable import SelvedgeCommand

@Suite struct TortureReportTests {
    private let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    private func struck(_ text: String, _ milliseconds: Int64) throws -> StruckFault {
        StruckFault(kind: try Fault(parsing: text).kind, text: text, nanoseconds: milliseconds * 1_000_000)
    }

    private func recoveries(_ lines: [String]) throws -> [Recovery] {
        try scratch.write(lines.joined(separator: "\n") + "\n", to: "timings.jsonl")
        return Recovery.all(inTimings: scratch.path + "/timings.jsonl")
    }

    private func line(noticed: Int, recovered: Int, redone: Int = 4) -> String {
        """
        {"recovery":{"generation":2,"cause":"lost","noticed_ns":\(noticed)000000,\
        "recovered_ns":\(recovered)000000,"redone_micro_batches":\(redone)}}
        """
    }

    @Test func `recoveries are read beside epochs, and damaged lines passed over`() throws {
        let all = try recoveries([
            "{\"epoch\":1,\"seconds\":2}", line(noticed: 30, recovered: 50), "{\"recovery\":{\"noticed_ns\":4}}",
            "{\"rec",
        ])
        #expect(all.count == 1)
        #expect(all.first?.generation == 2 && all.first?.cause == "lost" && all.first?.redoneMicroBatches == 4)
        #expect(Recovery.all(inTimings: scratch.path + "/absent") == [])
    }

    @Test func `each recovery belongs to the last fault before it that none has followed`() throws {
        let result = TortureResult(
            run: 0, workerCount: 2, plan: FaultPlan(), outcome: .equal, resumeCount: 0, seconds: 1,
            struck: [
                try struck("kill worker=0 step=1", 10), try struck("stop worker=1 step=2", 100),
                try struck("kill worker=1 step=9", 900),
            ],
            recoveries: try recoveries([
                line(noticed: 5, recovered: 6), line(noticed: 11, recovered: 40), line(noticed: 150, recovered: 210),
                line(noticed: 160, recovered: 220),
            ]))
        #expect(result.recoveredFaults.map(\.fault.text) == ["kill worker=0 step=1", "stop worker=1 step=2"])

        let report = TortureReport(experiment: "small", seed: 3, kinds: [.kill, .stop, .drop], [result])
        #expect(report.runs == 1 && report.equalRuns == 1)
        #expect(report.rows.map(\.runs) == [1, 1, 0])
        #expect(report.rows[0].recovery?.median == 30 && report.rows[0].detection?.median == 1)
        #expect(report.rows[1].recovery?.maximum == 110 && report.rows[1].redoneMicroBatches == 4)
        #expect(report.rows[2].recovery == nil)
        #expect(report.all.recovery?.count == 2)
        #expect(report.text.contains("1 of 1 runs equal (small, seed 3"))
    }

    @Test func `a fault that is planned twice and struck once struck nobody once`() throws {
        let planned = try FaultPlan(
            text: "kill worker=0 step=1\nstop worker=1 step=2\nkill worker=0 step=1\nkill coordinator step=9"
        ).faults
        let fired = [try struck("kill worker=0 step=1", 10), try struck("kill coordinator step=9", 20)]
        #expect(planned.thatStruckNobody(fired) == [planned[1], planned[2]])
        #expect(planned.thatStruckNobody([]) == planned)
    }

    @Test func `percentiles are values that were measured`() {
        let spread = TortureReport.Spread((1...100).map(Double.init).reversed())
        #expect(spread?.median == 50 && spread?.percentile95 == 95 && spread?.maximum == 100)
        #expect(TortureReport.Spread([7])?.percentile95 == 7)
        #expect(TortureReport.Spread([]) == nil)
    }

    @Test func `a plan is a function of seed and run, and a flipped gradient has a second worker`() throws {
        let campaign = TortureCampaign(
            experimentArguments: ["small.yaml"], experiment: try Experiment.load(path: scratch.path + "/small.yaml"),
            schedule: BatchSchedule(sampleCount: 100, batchSize: 10, epochCount: 2), kinds: FaultKind.allCases,
            workerCounts: 1...3, seed: 7, folder: "/tmp", executable: "", environment: [:])
        for run in 0..<200 {
            let (workerCount, plan) = campaign.plan(run: run)
            #expect(campaign.plan(run: run) == (workerCount, plan))
            try plan.check(workerCount: workerCount)
            #expect((1...3).contains(workerCount) && !(plan.flipsGradients && workerCount == 1))
        }
    }
}
