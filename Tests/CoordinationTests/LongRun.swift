import Testing

@testable import Coordination

/// A run of three workers, long enough that everything in the first seconds lies inside training.
func longRun(
    workers: Int = 3, _ adjust: (inout SimulatedCluster.Options) -> Void = { _ in }
) throws -> SimulatedCluster {
    var options = SimulatedCluster.Options()
    options.workerCount = workers
    options.startedCount = workers
    options.epochs = 200
    options.restarts = false
    adjust(&options)
    return try SimulatedCluster(options)
}

extension SimulatedCluster {
    /// Runs to the end, which has to be a complete one.
    func expectCompletion(location: SourceLocation = #_sourceLocation) {
        run()
        #expect(outcome?.exitCode == 0, "\(outcome.map { "\($0)" } ?? "no end")", sourceLocation: location)
        #expect(violation == nil, sourceLocation: location)
    }

    func warned(_ parts: String...) -> Bool {
        logs.contains { entry in entry.level == .warning && parts.allSatisfy { entry.text.contains($0) } }
    }
}
