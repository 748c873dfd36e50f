import Foundation
import Testing

@testable import Coordination

/// Whole clusters under random faults. SELVEDGE_SIMULATION_SEEDS says how many seeds, SELVEDGE_SIMULATION_SEED one of them.
@Suite("Simulation")
struct SimulationTests {
    private static let environment = ProcessInfo.processInfo.environment

    /// What is wrong with a seed's run, with its last events; nil when nothing is.
    static func problem(
        seed: UInt64, _ safeguards: SimulatedCluster.Safeguards = .init(), historyLength: Int = 0
    ) throws -> String? {
        var options = SimulationPlan.options(seed: seed)
        options.safeguards = safeguards
        options.historyLength = historyLength
        let cluster = try SimulatedCluster(options)
        SimulationPlan.addFaults(to: cluster, seed: seed)
        cluster.run()
        guard let violation = cluster.violation else { return nil }
        // The same seed once more, this time with everything written down.
        return historyLength > 0
            ? violation + "\n" + cluster.history.text : try problem(seed: seed, safeguards, historyLength: 100)
    }

    @Test func `every seed keeps every invariant and comes to its end`() throws {
        if let seed = Self.environment["SELVEDGE_SIMULATION_SEED"].flatMap(UInt64.init) {
            let problem = try Self.problem(seed: seed, historyLength: 10_000)
            return #expect(problem == nil, "\(problem ?? "")")
        }
        let count = Self.environment["SELVEDGE_SIMULATION_SEEDS"].flatMap(UInt64.init) ?? 500
        let clock = ContinuousClock()
        var failures = 0
        var runs: UInt64 = 0
        let duration = try clock.measure {
            for seed in 1...count where failures < 5 {
                runs += 1
                guard let problem = try Self.problem(seed: seed) else { continue }
                failures += 1
                Issue.record("\(problem)")
            }
        }
        let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
        print("\(runs) seeds, \(Int(Double(runs) / seconds)) a second")
    }
}
