import ArgumentParser
import Coordination
import Foundation

/// How a run treats its workers: how few it goes on with, who computes how much, who is checked.
struct MembershipOptions: ParsableArguments {
    @Option(help: "Fewest workers to go on with after some were lost.")
    var minWorkers = 1

    @Flag(help: "Move micro-batches from slow workers to faster ones; the bits stay the same.")
    var rebalance = false

    @Option(
        help: ArgumentHelp(
            "Compute this share of the gradients (0 to 1) on a second worker too, and compare.", valueName: "share"))
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

    /// More threads than any host has cores for one worker.
    private static let threadLimit = 1024
    /// Most spares: no more than workers that a run can have.
    static let spareLimit = 64

    static func check(threads: Int?) throws {
        guard 1...threadLimit ~= threads ?? 1 else {
            throw ValidationError("--threads takes a number from 1 to \(threadLimit)")
        }
    }

    /// By default as many workers as the largest power of two up to the cores and micro-batches, and the cores shared out.
    init(workers: Int?, threads: Int?, microBatchCount: Int, coreCount: Int = Processors.available) {
        var workerCount = 1
        while workerCount * 2 <= min(coreCount, microBatchCount) { workerCount *= 2 }
        self.workerCount = workers ?? workerCount
        threadCount = threads ?? max(1, coreCount / self.workerCount)
    }
}

/// The processors that this process may use.
enum Processors {
    /// The affinity mask's, or fewer where a control group's quota says so.
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
