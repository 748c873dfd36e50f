import Core
import Runs
import TestSupport
import Testing

@testable import Faults

private func triggered(_ text: String, _ milliseconds: Int64) throws -> TriggeredFault {
    TriggeredFault(
        number: 0, fault: try Fault(parsing: text), processIdentifier: 1, point: .computing, step: 1,
        nanoseconds: milliseconds * 1_000_000)
}

private func recovery(noticed: Int64, recovered: Int64) -> RecoveryTiming {
    RecoveryTiming(
        generation: 2, cause: "lost", noticedNanoseconds: noticed * 1_000_000,
        recoveredNanoseconds: recovered * 1_000_000, redoneMicroBatches: 4)
}

@Suite("Torture: report and plans")
struct TortureReportTests {
    @Test("A triggered fault is read back from its line")
    func triggeredLine() throws {
        let fault = try triggered("kill worker=1 step=7 phase=reduce-scatter", 3)
        #expect(TriggeredFault(jsonLine: Array(fault.jsonLine.utf8)) == fault)
        #expect(TriggeredFault(jsonLine: Array(fault.jsonLine.utf8.dropLast(3))) == nil)
        let folder = try TemporaryFolder()
        try folder.write("{\"damaged\n\(fault.jsonLine)\n\(fault.jsonLine.prefix(20))", to: "fired.jsonl")
        #expect(FaultFolder(folder.path).triggered == [fault])
    }

    @Test("A recovery belongs to the last fault before it that has no recovery")
    func recoveredFaults() throws {
        let result = TortureResult(
            run: 0, workerCount: 2, plan: FaultPlan(), outcome: .equal, resumeCount: 0, seconds: 1,
            triggered: [
                try triggered("kill worker=0 step=1", 10), try triggered("stop worker=1 step=2", 100),
                try triggered("kill worker=1 step=9", 900),
            ],
            recoveries: [
                recovery(noticed: 5, recovered: 6), recovery(noticed: 11, recovered: 40),
                recovery(noticed: 150, recovered: 210), recovery(noticed: 160, recovered: 220),
            ])
        #expect(
            result.recoveredFaults.map(\.fault.fault.description) == ["kill worker=0 step=1", "stop worker=1 step=2"])

        let report = TortureReport(
            experiment: "small", seed: 3, processors: 2, kinds: [.kill, .stop, .drop], [result])
        #expect(report.runs == 1 && report.equalRuns == 1)
        #expect(report.rows.map(\.runs) == [1, 1, 0])
        #expect(report.rows[0].recovery?.median == 30 && report.rows[0].detection?.median == 1)
        #expect(report.rows[1].recovery?.maximum == 110 && report.rows[1].redoneMicroBatches == 4)
        #expect(report.rows[2].recovery == nil)
        #expect(report.all.recovery?.count == 2)
        #expect(report.summary.contains("1 of 1 runs equal (small, seed 3"))
        #expect(report.cells.count == 5 && report.cells.allSatisfy { $0.count == report.cells[0].count })
    }

    @Test("A fault that is planned twice and triggered once was once never triggered")
    func neverTriggered() throws {
        let planned = try FaultPlan(
            text: "kill worker=0 step=1\nstop worker=1 step=2\nkill worker=0 step=1\nkill coordinator step=9"
        ).faults
        let fired = [try triggered("kill worker=0 step=1", 10), try triggered("kill coordinator step=9", 20)]
        #expect(planned.neverTriggered(fired) == [planned[1], planned[2]])
        #expect(planned.neverTriggered([]) == planned)
    }

    @Test("Percentiles are measured values")
    func percentiles() {
        let spread = TortureReport.Spread((1...100).map(Double.init).reversed())
        #expect(spread?.median == 50 && spread?.percentile95 == 95 && spread?.maximum == 100)
        #expect(TortureReport.Spread([7])?.percentile95 == 7)
        #expect(TortureReport.Spread([]) == nil)
    }

    @Test("A plan is a function of seed and run, and a flipped gradient has a second worker")
    func plans() throws {
        let campaign = TortureCampaign(
            experimentArguments: ["small.yaml"], experimentName: "small", stepsPerEpoch: 10, epochCount: 2,
            kinds: FaultKind.planned, workerCounts: 1...3, seed: 7, folder: "/tmp")
        for run in 0..<200 {
            let (workerCount, plan) = campaign.plan(run: run)
            #expect(campaign.plan(run: run) == (workerCount, plan))
            try plan.check(workerCount: workerCount)
            #expect((1...3).contains(workerCount) && !(plan.flipsGradients && workerCount == 1))
        }
    }
}

/// Plays trainings: each call of `run` takes the next end and executes its action.
private final class ScriptedRunner: TortureRunner {
    private let folder: TemporaryFolder
    private var ends: [(TortureEnd, (TortureTraining) throws -> Void)]
    private(set) var calls: [[String]] = []
    private(set) var interventions: [TortureIntervention?] = []

    init(_ folder: TemporaryFolder, _ ends: [(TortureEnd, (TortureTraining) throws -> Void)]) {
        self.folder = folder
        self.ends = ends
    }

    var seconds: Double { Double(calls.count) }

    func training(named name: String, in folder: String) throws -> TortureTraining {
        let files = FileOperations()
        for part in ["faults", "run/checkpoints"] { try files.makeDirectories("\(folder)/\(name)/\(part)") }
        return TortureTraining(
            run: "\(folder)/\(name)/run", faultFolder: "\(folder)/\(name)/faults", log: "\(folder)/\(name)/log")
    }

    func run(
        _ training: TortureTraining, _ arguments: [String], deadlineSeconds: Double,
        intervene: (_ seconds: Double) -> TortureIntervention?
    ) throws -> TortureEnd {
        calls.append(arguments)
        let (end, action) = ends.removeFirst()
        try action(training)
        let intervention = intervene(1000)
        interventions.append(intervention)
        return end == .ended(0) && intervention == .kill ? .killed : end
    }

    func remove(_ name: String, in folder: String) {}
    func remove(run: String) {}
}

@Suite("Torture: judging a run")
struct TortureTrialTests {
    private static func write(_ weights: String, _ training: TortureTraining) throws {
        let paths = RunPaths(training.run)
        try AtomicFile.write("name: small", to: paths.experiment)
        try AtomicFile.write(weights, to: paths.last)
        try AtomicFile.write("rows", to: paths.metrics)
    }

    private func result(
        _ fault: String, _ ends: [(TortureEnd, (TortureTraining) throws -> Void)]
    ) throws -> (result: TortureResult, arguments: [[String]]) {
        let folder = try TemporaryFolder()
        let whole: (TortureTraining) throws -> Void = { try Self.write("weights", $0) }
        let runner = ScriptedRunner(folder, [(.ended(0), whole)] + ends)
        let campaign = TortureCampaign(
            experimentArguments: ["small.yaml"], experimentName: "small", stepsPerEpoch: 10, epochCount: 2,
            kinds: [.kill], chosen: [try Fault(parsing: fault)], workerCounts: 2...2, seed: 1, folder: folder.path)
        let reference = try campaign.reference(runner)
        let result = try campaign.result(run: 0, against: reference, runner)
        return (result, runner.calls)
    }

    private let kill = "kill worker=0 step=1"
    private let whole: (TortureTraining) throws -> Void = { try TortureTrialTests.write("weights", $0) }

    @Test("The same bits are equal, and other bits are reported with the file")
    func bits() throws {
        let equal = try result(kill, [(.ended(0), whole)])
        #expect(equal.result.outcome == .equal)
        #expect(equal.arguments[1].suffix(2) == ["--fault", kill] && equal.arguments[1].contains("--workers"))
        let other = try result(kill, [(.ended(0), { try Self.write("other", $0) })])
        guard case .unequal(let text) = other.result.outcome else {
            Issue.record("\(other.result.outcome)")
            return
        }
        #expect(text.contains("last.safetensors has ") && !text.contains("metrics"))
    }

    @Test("A run that asks for it is resumed; one without an experiment starts again")
    func resumes() throws {
        let resumed = try result(kill, [(.ended(75), { _ in }), (.ended(75), whole), (.ended(0), whole)])
        #expect(resumed.result.outcome == .resumed && resumed.result.resumeCount == 2)
        #expect(resumed.arguments.map { $0.contains("--resume") } == [false, false, false, true])
    }

    @Test("A run that ends in another way fails, and a hung one is hung")
    func failures() throws {
        #expect(
            try result(kill, Array(repeating: (.ended(75), whole), count: 6)).result.outcome
                == .failed("5 resumes were not enough"))
        #expect(try result(kill, [(.ended(74), whole)]).result.outcome == .failed("exit code 74"))
        let disk = "fail-rename coordinator step=1 times=3"
        #expect(try result(disk, [(.ended(74), whole), (.ended(0), whole)]).result.outcome == .resumed)
        guard case .hung = try result(kill, [(.overdue, whole)]).result.outcome else {
            Issue.record("an overdue run was not hung")
            return
        }
    }

    @Test("A run that was asked to end is resumed, if every step that was reported is saved")
    func terminateAll() throws {
        func result(reported: UInt64, saved: UInt64) throws -> TortureResult {
            let folder = try TemporaryFolder()
            let stopped: (TortureTraining) throws -> Void = { training in
                try Self.write("weights", training)
                let journal = try Journal(in: OpenFolder(at: training.run, access: .owner), name: "journal")
                try journal.append(
                    JournalEntry.stepDigests(firstStep: 0, digests: Array(repeating: 1, count: Int(reported))).record)
                try journal.append(JournalEntry.checkpoint(completedSteps: saved, fileDigest: nil).record)
            }
            let runner = ScriptedRunner(folder, [(.ended(0), whole), (.ended(143), stopped), (.ended(0), whole)])
            var campaign = TortureCampaign(
                experimentArguments: ["small.yaml"], experimentName: "small", stepsPerEpoch: 10, epochCount: 2,
                kinds: [], workerCounts: 2...2, seed: 1, folder: folder.path)
            campaign.terminatesAll = true
            let result = try campaign.result(run: 0, against: try campaign.reference(runner), runner)
            #expect(runner.interventions.prefix(2) == [nil, .terminateAll])
            return result
        }
        let equal = try result(reported: 7, saved: 7)
        #expect(equal.outcome == .resumed && equal.resumeCount == 1 && equal.plan.faults.isEmpty)
        #expect(
            try result(reported: 7, saved: 5).outcome
                == .failed("2 steps were complete when it was asked to end, and are not saved"))
    }

    @Test("After a checkpoint was damaged, the run is killed and resumed")
    func damage() throws {
        let flip = "flip-checkpoint coordinator phase=checkpoint-written"
        let damage: (TortureTraining) throws -> Void = { training in
            try Self.write("weights", training)
            FaultFolder(training.faultFolder).append(
                TriggeredFault(
                    number: 0, fault: try Fault(parsing: flip), processIdentifier: 1, point: .checkpointWritten,
                    step: 1, nanoseconds: 7))
        }
        let end = try result(flip, [(.ended(0), damage), (.ended(0), whole)])
        #expect(end.result.outcome == .resumed && end.result.triggered.count == 1)
    }
}
