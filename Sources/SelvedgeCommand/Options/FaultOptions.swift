import ArgumentParser
import Cluster
import Faults
import Foundation

/// What a training is to meet on purpose.
struct FaultOptions: ParsableArguments {
    @Option(
        name: .customLong("fault"),
        help: ArgumentHelp(
            "Break something on purpose, as \"kill worker=1 step=7 phase=reduce-scatter\" (can be given more than once).",
            valueName: "fault"))
    var texts: [String] = []

    @Option(help: ArgumentHelp("Break what a YAML file says.", valueName: "file"))
    var faultPlan: String?

    @Option(
        name: .customLong("faults"),
        help: ArgumentHelp("Break something at random times, given as random:SEED.", valueName: "random:seed"))
    var random: String?

    @Option(
        help: ArgumentHelp(
            "Random faults a minute, on average; by default \(Self.usualRate).", valueName: "per-minute"))
    var rate: Double?

    func validate() throws {
        guard let rate else { return }
        guard rate > 0, rate <= 10_000 else { throw ValidationError("--rate takes a number above 0, at most 10000") }
        guard random != nil else { throw ValidationError("--rate is of faults at random: add --faults random:SEED") }
    }

    private static let usualRate = 6.0

    /// Random faults go on for so long.
    private static let randomMinutes = 24.0 * 60

    /// The faults that were chosen one by one, for a run of so many workers.
    private func chosenFaults(workerCount: Int) throws -> [Fault] {
        let plan = FaultPlan(try texts.map { try Fault(parsing: $0) })
        try plan.check(workerCount: workerCount)
        guard let faultPlan else { return plan.faults }
        let filed = try FaultPlan(path: faultPlan)
        try filed.check(workerCount: workerCount, source: faultPlan)
        return plan.faults + filed.faults
    }

    /// Faults at random; none where they are not asked for.
    private func randomFaults(workerCount: Int) throws -> [Fault] {
        guard let random else { return [] }
        let rate = rate ?? Self.usualRate
        let drawn = try RandomFaults.lasting(workerCount: workerCount)
            .plan(seed: FaultPlan.seed(random), ratePerMinute: rate, minutes: Self.randomMinutes)
        Console.note("faults: \(rate) a minute at random (again with: --faults \(random) --rate \(rate))")
        return drawn.faults
    }

    /// Gives the plan to the processes of a run by their environment.
    func handover(workerCount: Int, environment: [String: String]) throws -> FaultHandover {
        let chosen = try chosenFaults(workerCount: workerCount)
        return try FaultHandover(
            FaultPlan(chosen + randomFaults(workerCount: workerCount)), chosen: chosen, environment: environment)
    }
}

/// A plan with the folder in which its faults are marked; one that it made itself is removed with it.
struct FaultHandover: ~Copyable {
    let plan: FaultPlan
    /// The faults of the plan that were not drawn at random.
    private let chosen: [Fault]
    /// The faults' folder; nil where nothing is to be broken.
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

    /// What the environment of coordinator and workers gets in addition.
    func variables() throws -> [String: String] {
        guard let folder else { return [:] }
        return try FaultEnvironment.variables(plan, folder: folder)
    }

    /// Tells which of the faults found no occasion; a random plan goes on beyond any run.
    func noteFaultsThatStruckNobody() {
        guard let folder else { return }
        for fault in chosen.thatStruckNobody(StruckFault.all(in: folder)) {
            Console.note("the fault '\(fault)' struck nobody: no occasion came for it")
        }
    }
}
