import ArgumentParser
import Coordination

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
