import Core
import Faults
import Foundation
import Runs

/// One run under a plan: it is resumed as often as it asks for it, and judged at its end.
struct TortureTrial {
    var process: TortureProcess
    /// The run directory.
    var run: String
    var plan: FaultPlan
    var arguments: [String]
    private(set) var resumeCount = 0
    /// Damaged checkpoints are seen when they are read: one resume follows each.
    private var seenDamages = 0

    private static let resumeLimit = 5

    init(process: TortureProcess, run: String, plan: FaultPlan, arguments: [String]) {
        self.process = process
        self.run = run
        self.plan = plan
        self.arguments = arguments
    }

    /// Runs it to its last end.
    mutating func outcome(_ expected: RunDigests) throws -> TortureOutcome {
        let deadline = Date(timeIntervalSinceNow: process.deadlineSeconds)
        var isResumed = false
        while true {
            let end = try process.run(arguments + (isResumed ? ["--resume"] : []), isToBeKilled: newDamage)
            let wantsResume = takeDamages()
            switch end {
            case .overdue: return .hung("not at its end after \(Int(process.deadlineSeconds)) s")
            case .leftProcesses: return .hung("processes were left behind")
            case .ended(0) where !wantsResume: return judge(expected)
            case .ended(ProcessExitCode.requeue), .killed, .ended(0): break
            // It has read the damaged checkpoint itself, to evaluate it.
            case .ended where wantsResume: break
            // The disk is in order again by now.
            case .ended(ProcessExitCode.inputOutput) where plan.faults.contains { $0.kind.isFile }: break
            case .ended(let code): return .failed("exit code \(code)")
            }
            guard resumeCount < Self.resumeLimit else { return .failed("\(Self.resumeLimit) resumes were not enough") }
            resumeCount += 1
            process.deadlineSeconds = max(1, deadline.timeIntervalSinceNow)
            // It may have ended before the run directory was made.
            isResumed = FileManager.default.fileExists(atPath: RunPaths(run).experiment)
            if !isResumed { try? FileManager.default.removeItem(atPath: run) }
        }
    }

    private func judge(_ expected: RunDigests) -> TortureOutcome {
        guard let found = try? RunDigests(run: run) else { return .failed("no checkpoint or no metrics") }
        if found == expected { return resumeCount == 0 ? .equal : .resumed }
        let files = [
            (RunPaths(run).last, found.checkpoint, expected.checkpoint),
            (RunPaths(run).metrics, found.metrics, expected.metrics),
        ]
        return .unequal(
            files.filter { $0.1 != $0.2 }.map { "\($0.0) has \($0.1), not \($0.2)" }.joined(separator: "; "))
    }

    // MARK: Damaged checkpoints

    private var damageCount: Int {
        guard plan.faults.contains(where: { $0.kind == .flipCheckpoint }) else { return 0 }
        return StruckFault.all(in: process.faultFolder).count { $0.kind == .flipCheckpoint }
    }

    private func newDamage() -> Bool { damageCount > seenDamages }

    /// Whether a checkpoint was damaged since the last call.
    private mutating func takeDamages() -> Bool {
        let count = damageCount
        defer { seenDamages = count }
        return count > seenDamages
    }
}
