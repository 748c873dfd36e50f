import ArgumentParser

/// Measures speed on this host.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure training steps, the all-reduce or the reading of data on this host.",
        subcommands: [BenchStepCommand.self, BenchAllReduceCommand.self, BenchDataCommand.self])
}
