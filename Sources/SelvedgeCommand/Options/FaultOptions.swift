import ArgumentParser
import Cluster
import Faults
import Foundation

/// The faults of a training.
struct FaultOptions: ParsableArguments {
    @Option(
        name: .customLong("fault"),
        help: ArgumentHelp(
            "A fault, such as \"kill worker=1 step=7 phase=reduce-scatter\" (can be given more than once).",
            valueName: "fault"))
    var texts: [String] = []

    @Option(
        help: ArgumentHelp("The faults of a YAML file.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var faultPlan: String?

    @Option(
        name: .customLong("faults"),
        help: ArgumentHelp("Faults at random times, given as random:SEED.", valueName: "random:seed"))
    var random: String?

    @Option(
        help: ArgumentHelp(
            "Random faults per minute, on average; by default \(Self.usualRate).", valueName: "per-minute"))
    var rate: Double?

    func validate() throws {
        guard let rate else { return }
        guard rate > 0, rate <= 10_000 else { throw ValidationError("--rate takes a number above 0, at most 10000") }
        guard random != nil else { throw ValidationError("--rate is for random faults: add --faults random:SEED") }
    }

    private static let usualRate = 6.0

    /// The faults that were given one by one, for a run of `workerCount` workers.
    private func chosenFaults(workerCount: Int) throws -> [Fault] {
        let plan = FaultPlan(try texts.map { try Fault(parsing: $0) })
        try plan.check(workerCount: workerCount)
        guard let faultPlan else { return plan.faults }
        let filed = try FaultPlan(path: faultPlan)
        try filed.check(workerCount: workerCount, source: faultPlan)
        return plan.faults + filed.faults
    }

    /// Random faults, if the command line asks for them.
    private func randomFaults(workerCount: Int) throws -> [Fault] {
        guard let random else { return [] }
        let rate = rate ?? Self.usualRate
        let drawn = try FaultPlan.random(
            seed: FaultPlan.seed(random), ratePerMinute: rate, workerCount: workerCount)
        Console.note("faults: \(rate) per minute at random (again with: --faults \(random) --rate \(rate))")
        return drawn.faults
    }

    /// The plan for the processes of a run, passed by their environment.
    func handover(workerCount: Int, environment: [String: String]) throws -> FaultHandover {
        let chosen = try chosenFaults(workerCount: workerCount)
        return try FaultHandover(
            FaultPlan(chosen + randomFaults(workerCount: workerCount)), chosen: chosen, environment: environment)
    }
}

/// A plan and the folder in which its triggered faults are marked. A folder that it created is removed with it.
struct FaultHandover: ~Copyable {
    let plan: FaultPlan
    /// The faults of the plan that are not random.
    private let chosen: [Fault]
    /// The faults' folder; nil for an empty plan.
    let folder: String?
    private let own: PrivateDirectory?

    init(_ plan: FaultPlan, chosen: [Fault], environment: [String: String]) throws {
        self.plan = plan
        self.chosen = chosen
        if plan.faults.isEmpty {
            folder = nil
            own = nil
        } else if let given = environment[FaultEnvironment.folderVariable] {
            folder = given
            own = nil
        } else {
            let directory = try PrivateDirectory(environment: environment)
            folder = directory.path
            own = consume directory
        }
    }

    /// Variables for the environment of coordinator and workers.
    func variables() throws -> [String: String] {
        guard let folder else { return [:] }
        return try FaultEnvironment.variables(plan, folder: folder)
    }

    /// Reports the given faults that were never triggered. Random ones are not reported: their plan is longer than any
    /// run.
    func noteUntriggeredFaults() {
        guard let folder else { return }
        for fault in chosen.neverTriggered(FaultFolder(folder).triggered) {
            Console.note("fault '\(fault)' was never triggered")
        }
    }
}
