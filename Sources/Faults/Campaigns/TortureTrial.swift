import Core
package import Runs

/// One run under a plan: it is resumed as long as it can be, and classified at its end.
package struct TortureTrial {
    private let training: TortureTraining
    private let plan: FaultPlan
    /// When all processes are asked to end, unless the first training ends before; nil: never.
    private let stopSeconds: Double?
    private let arguments: [String]
    private let deadlineSeconds: Double
    package private(set) var resumeCount = 0
    /// A damaged checkpoint is detected when it is read, so one resume follows each.
    private var seenDamageCount = 0

    private static let resumeLimit = 5

    package init(
        training: TortureTraining, plan: FaultPlan, stopSeconds: Double? = nil, deadlineSeconds: Double,
        arguments: [String]
    ) {
        self.training = training
        self.plan = plan
        self.stopSeconds = stopSeconds
        self.deadlineSeconds = deadlineSeconds
        self.arguments = arguments
    }

    /// Trains and resumes until the run has ended, and classifies the result. `expected`: of the run without faults.
    package mutating func outcome(_ expected: RunDigests, _ runner: some TortureRunner) throws -> TortureOutcome {
        let deadline = runner.seconds + deadlineSeconds
        var rest = deadlineSeconds
        var isResumed = false
        while true {
            let end = try runner.run(
                training, arguments + (isResumed ? ["--resume"] : []), deadlineSeconds: rest,
                intervene: { intervention(afterSeconds: $0) })
            if end == .ended(Self.terminated), unsavedStepCount > 0 {
                return .failed("\(unsavedStepCount) steps were complete when it was asked to end, and are not saved")
            }
            if let outcome = outcome(after: end, hasNewDamage: takeDamages(), expected) { return outcome }
            guard resumeCount < Self.resumeLimit else { return .failed("\(Self.resumeLimit) resumes were not enough") }
            resumeCount += 1
            rest = max(1, deadline - runner.seconds)
            // It may have ended before the run directory was complete.
            isResumed = (try? FileOperations().read(RunPaths(training.run).experiment, byteLimit: 2 << 20)) != nil
            if !isResumed { runner.remove(run: training.run) }
        }
    }

    /// The exit code after SIGTERM.
    private static let terminated = ProcessExitCode.signal(15)

    private func intervention(afterSeconds seconds: Double) -> TortureIntervention? {
        if damageCount > seenDamageCount { return .kill }
        guard let stopSeconds, resumeCount == 0, seconds >= stopSeconds else { return nil }
        return .terminateAll
    }

    /// Steps that rank 0 had reported, and that no checkpoint contains.
    private var unsavedStepCount: UInt64 {
        (try? RunJournal(of: RunPaths(training.run)))?.unsavedStepCount ?? 0
    }

    /// The outcome after the processes have ended; nil if the run is to be resumed.
    private func outcome(after end: TortureEnd, hasNewDamage: Bool, _ expected: RunDigests) -> TortureOutcome? {
        switch end {
        case .overdue: return .hung("not complete after \(Int(deadlineSeconds)) s")
        case .leftProcesses: return .hung("it left processes behind")
        case .ended(ProcessExitCode.success) where !hasNewDamage: return comparison(with: expected)
        case .ended(ProcessExitCode.requeue), .killed, .ended(ProcessExitCode.success): return nil
        case .ended(Self.terminated) where stopSeconds != nil: return nil
        // It read the damaged checkpoint itself, to evaluate it.
        case .ended where hasNewDamage: return nil
        // A fault made its disk fail, and is over.
        case .ended(ProcessExitCode.inputOutput) where plan.faults.contains { $0.kind.isFile }: return nil
        case .ended(let code): return .failed("exit code \(code)")
        }
    }

    private func comparison(with expected: RunDigests) -> TortureOutcome {
        guard let found = try? RunDigests(run: training.run) else { return .failed("no checkpoint or no metrics") }
        if found == expected { return resumeCount == 0 ? .equal : .resumed }
        let paths = RunPaths(training.run)
        let files = [
            (paths.last, found.checkpoint, expected.checkpoint), (paths.metrics, found.metrics, expected.metrics),
        ]
        return .unequal(
            files.filter { $0.1 != $0.2 }.map { "\($0.0) has \($0.1), not \($0.2)" }.joined(separator: "; "))
    }

    /// How many checkpoints the plan's faults have damaged.
    private var damageCount: Int {
        guard plan.faults.contains(where: { $0.kind == .flipCheckpoint }) else { return 0 }
        return FaultFolder(training.faultFolder).triggered.count { $0.fault.kind == .flipCheckpoint }
    }

    /// Whether a checkpoint was damaged since the last call.
    private mutating func takeDamages() -> Bool {
        let count = damageCount
        defer { seenDamageCount = count }
        return count > seenDamageCount
    }
}

/// How a run under a plan ended.
package enum TortureOutcome: Sendable, Equatable {
    /// The same bits, without a resume.
    case equal
    /// The same bits, after it was resumed.
    case resumed
    /// It could not be continued or failed; one line.
    case failed(String)
    /// Other bits than the run without faults.
    case unequal(String)
    /// It did not end.
    case hung(String)

    package var isEqual: Bool { self == .equal || self == .resumed }

    /// The column of the report that counts it.
    package var column: Column {
        switch self {
        case .equal: .equal
        case .resumed: .resumed
        case .failed: .failed
        case .unequal: .unequal
        case .hung: .hung
        }
    }

    package enum Column: String, Sendable, CaseIterable {
        case equal
        case resumed = "equal after resume"
        case failed = "refused or failed"
        case unequal = "UNEQUAL"
        case hung = "HUNG"
    }

    /// The reason, of an outcome that is not equal.
    package var detail: String? {
        switch self {
        case .equal, .resumed: nil
        case .failed(let text), .unequal(let text), .hung(let text): text
        }
    }
}

/// One run of a campaign and how it ended.
package struct TortureResult: Sendable {
    /// From 0.
    package var run: Int
    package var workerCount: Int
    package var plan: FaultPlan
    package var outcome: TortureOutcome
    package var resumeCount: Int
    package var seconds: Double
    package var triggered: [TriggeredFault]
    package var recoveries: [RecoveryTiming]
    /// When all processes were asked to end; nil: never.
    package var stopSeconds: Double?

    package init(
        run: Int, workerCount: Int, plan: FaultPlan, outcome: TortureOutcome, resumeCount: Int, seconds: Double,
        triggered: [TriggeredFault], recoveries: [RecoveryTiming], stopSeconds: Double? = nil
    ) {
        self.run = run
        self.workerCount = workerCount
        self.plan = plan
        self.outcome = outcome
        self.resumeCount = resumeCount
        self.seconds = seconds
        self.triggered = triggered
        self.recoveries = recoveries
        self.stopSeconds = stopSeconds
    }

    /// Each recovery with the fault that caused it: the last one triggered before it was noticed, unless an earlier
    /// recovery has that fault.
    package var recoveredFaults: [(fault: TriggeredFault, recovery: RecoveryTiming)] {
        var waiting = triggered
        return recoveries.compactMap { recovery in
            let noticed = recovery.noticedNanoseconds + RecoveryTiming.resolutionNanoseconds
            guard let index = waiting.lastIndex(where: { $0.nanoseconds < noticed }) else { return nil }
            return (waiting.remove(at: index), recovery)
        }
    }
}
