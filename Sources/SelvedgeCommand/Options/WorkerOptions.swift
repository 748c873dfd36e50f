import ArgumentParser
import Coordination
import Foundation

/// How a run treats its workers: the fewest it continues with, the distribution of work, recomputation checks.
struct MembershipOptions: ParsableArguments {
    @Option(help: "Fewest workers with which the run continues after losses.")
    var minWorkers = 1

    @Flag(help: "Move micro-batches from slow workers to faster ones; the bits stay the same.")
    var rebalance = false

    @Option(
        help: ArgumentHelp(
            "Compute this share of the gradients (0 to 1) on a second worker as well, and compare.", valueName: "share")
    )
    var audit: Double?

    func validate() throws {
        guard minWorkers > 0 else { throw ValidationError("--min-workers takes a number from 1") }
        guard AuditShare(fraction: audit ?? 0) != nil else {
            throw ValidationError("--audit takes a number from 0 to 1")
        }
    }

    /// The same options for another process of this program.
    var arguments: [String] {
        ["--min-workers", String(minWorkers)] + (rebalance ? ["--rebalance"] : []) + flag("audit", audit)
    }

    /// The share of gradients that is computed twice; `validate` has checked it.
    var auditShare: AuditShare { audit.flatMap { AuditShare(fraction: $0) } ?? .none }
}

/// How many workers and threads use this host's cores.
struct WorkerLayout {
    var workerCount: Int
    var threadCount: Int

    /// An upper bound of the threads of one worker.
    private static let threadLimit = 1024
    /// The most spares: as many as workers in a run.
    static let spareLimit = 64

    static func check(threads: Int?) throws {
        guard 1...threadLimit ~= threads ?? 1 else {
            throw ValidationError("--threads takes a number from 1 to \(threadLimit)")
        }
    }

    /// By default the largest power of two of workers that neither cores nor micro-batches are fewer than; the cores are divided among them.
    init(workers: Int?, threads: Int?, microBatchCount: Int, coreCount: Int = Processors.available) {
        var workerCount = 1
        while workerCount * 2 <= min(coreCount, microBatchCount) { workerCount *= 2 }
        self.workerCount = workers ?? workerCount
        threadCount = threads ?? max(1, coreCount / self.workerCount)
    }
}

/// The processors that this process may use.
enum Processors {
    /// The size of the affinity mask, or less if a control group's quota is smaller.
    static var available: Int {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        guard let text = try? String(contentsOfFile: "/sys/fs/cgroup/cpu.max", encoding: .utf8) else { return cores }
        let fields = text.split(separator: " ").compactMap {
            Double($0.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        guard fields.count == 2, fields[1] > 0 else { return cores }
        return max(1, min(cores, Int((fields[0] / fields[1]).rounded(.up))))
    }
}
