import ArgumentParser

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
        guard 0...1 ~= audit ?? 0 else { throw ValidationError("--audit takes a number from 0 to 1") }
    }

    /// The same options for another process of this program.
    var arguments: [String] {
        ["--min-workers", String(minWorkers)] + (rebalance ? ["--rebalance"] : []) + flag("audit", audit)
    }

    /// The share of gradients that is computed twice, in millionths.
    var auditMillionths: UInt32 { UInt32(((audit ?? 0) * 1_000_000).rounded()) }
}
