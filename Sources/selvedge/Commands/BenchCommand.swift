import ArgumentParser

/// Measures speed on this host.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure training steps or the all-reduce on this host.",
        subcommands: [BenchStepCommand.self, BenchAllReduceCommand.self])
}
