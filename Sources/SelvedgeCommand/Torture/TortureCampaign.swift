import Core
import Experiments
import Faults
import Foundation
import Glibc
import Runs
import Training

/// Runs of one experiment under random plans, compared with one that nobody disturbed.
struct TortureCampaign {
    /// How the command line names the experiment, and the flags that make it.
    var experimentArguments: [String]
    var experiment: Experiment
    var schedule: BatchSchedule
    var kinds: [FaultKind]
    /// One of these alone in each run, in turn; empty for random plans.
    var chosen: [Fault] = []
    var workerCounts: ClosedRange<Int>
    var seed: UInt64
    /// The folder of all runs.
    var folder: String
    var executable: String
    var environment: [String: String]
    /// Seconds for one run with all its resumes; nil derives it from the undisturbed run.
    var deadlineSeconds: Double?
    /// The next signal that asks for the campaign's end; nil when there is none.
    var nextSignal: () -> Int32? = { nil }

    /// What the others are compared with.
    struct Undisturbed {
        var digests: RunDigests
        var seconds: Double
    }

    /// Runs that are stuck are found soon, and slow ones are not taken for stuck.
    private func deadline(_ undisturbed: Undisturbed) -> Double {
        deadlineSeconds ?? 60 + 20 * undisturbed.seconds
    }

    /// Trains once without faults.
    func undisturbed() throws -> Undisturbed {
        let start = Date()
        let process = try process("undisturbed", deadlineSeconds: deadlineSeconds ?? 24 * 3600)
        let run = "\(folder)/undisturbed/run"
        let end = try process.run(trainArguments(run: run, workerCount: workerCounts.upperBound))
        guard end == .ended(0) else {
            throw ExitStatus(
                ProcessExitCode.internalError,
                "the run without faults did not come to its end (\(end)): see \(process.logFile)")
        }
        return Undisturbed(digests: try RunDigests(run: run), seconds: Date().timeIntervalSince(start))
    }

    /// The number of workers and the plan of a run, counted from 0.
    func plan(run: Int) -> (workerCount: Int, plan: FaultPlan) {
        if !chosen.isEmpty {
            let workerCount = RandomFaults.workerCount(seed: seed, run: run, in: workerCounts)
            return (workerCount, FaultPlan([chosen[run % chosen.count]]))
        }
        func plan(_ workerCount: Int) -> FaultPlan {
            RandomFaults(
                kinds: kinds, workerCount: workerCount, stepCount: schedule.stepsPerEpoch * schedule.epochCount,
                stepsPerEpoch: schedule.stepsPerEpoch
            ).plan(seed: seed, run: run)
        }
        let workerCount = RandomFaults.workerCount(seed: seed, run: run, in: workerCounts)
        let drawn = plan(workerCount)
        // A flipped gradient is found by a second worker only.
        guard drawn.flipsGradients, workerCount == 1 else { return (workerCount, drawn) }
        return (2, plan(2))
    }

    /// Trains once under the run's plan, resumes what can be resumed, and judges the end.
    func result(run: Int, against undisturbed: Undisturbed) throws -> TortureResult {
        let (workerCount, plan) = plan(run: run)
        let name = "run-\(run)"
        let process = try process(name, deadlineSeconds: deadline(undisturbed))
        var trial = TortureTrial(
            process: process, run: "\(folder)/\(name)/run", plan: plan,
            arguments: trainArguments(run: "\(folder)/\(name)/run", workerCount: workerCount, plan: plan))
        let start = Date()
        let outcome = try trial.outcome(undisturbed.digests)
        let result = TortureResult(
            run: run, workerCount: workerCount, plan: plan, outcome: outcome, resumeCount: trial.resumeCount,
            seconds: Date().timeIntervalSince(start), struck: StruckFault.all(in: process.faultFolder),
            recoveries: Recovery.all(inTimings: RunPaths(trial.run).timings))
        if outcome.isEqual { remove(run: run) }
        return result
    }

    /// The command that does one run again, without judging it.
    func replayCommand(_ result: TortureResult) -> String {
        let faults = result.plan.faults.map { "--fault '\($0)'" }
        let audit = result.plan.flipsGradients ? ["--audit", "1"] : []
        let layout = ["--workers", String(result.workerCount), "--threads", "1"]
        return (["selvedge train"] + experimentArguments + layout + audit + faults).joined(separator: " ")
    }

    private func trainArguments(run: String, workerCount: Int, plan: FaultPlan = FaultPlan()) -> [String] {
        ["train"] + experimentArguments + ["--workers", String(workerCount), "--threads", "1", "--run", run]
            + (plan.flipsGradients ? ["--audit", "1"] : []) + plan.replayArguments
    }

    /// Removes what a run left.
    func remove(run: Int) {
        try? FileManager.default.removeItem(atPath: "\(folder)/run-\(run)")
    }

    /// Removes the undisturbed run, and the folder unless something else is in it.
    func removeRest() {
        try? FileManager.default.removeItem(atPath: "\(folder)/undisturbed")
        rmdir(folder)
    }

    /// A process with a folder of its own.
    private func process(_ name: String, deadlineSeconds: Double) throws -> TortureProcess {
        let own = "\(folder)/\(name)"
        guard !FileManager.default.fileExists(atPath: own) else {
            throw ExitStatus(ProcessExitCode.usage, "\(own) is there already: give another --directory, or remove it")
        }
        let faults = "\(own)/faults"
        try FileManager.default.createDirectory(atPath: faults, withIntermediateDirectories: true)
        var variables = environment
        variables[FaultEnvironment.planVariable] = nil
        variables[FaultEnvironment.folderVariable] = faults
        return TortureProcess(
            executable: executable, faultFolder: faults, environment: variables, logFile: "\(own)/output.txt",
            deadlineSeconds: deadlineSeconds, nextSignal: nextSignal)
    }
}

extension FaultPlan {
    var flipsGradients: Bool { faults.contains { $0.kind == .flipGradient } }
}
