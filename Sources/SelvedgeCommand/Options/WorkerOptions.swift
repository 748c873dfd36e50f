import ArgumentParser
import Cluster
import Coordination
import Foundation

/// The settings of a run, as `RunSettings` declares them.
struct RunSettingOptions: ParsableArguments {
    @Option(RunSettings.minWorkers) var minWorkers: String?
    @Flag(RunSettings.rebalance) var rebalance = false
    @Option(RunSettings.auditShare) var audit: String?
    @Option(RunSettings.checkpointEvery) var checkpointEvery: String?
    @Option(RunSettings.keepEvery) var keepEvery: String?
    @Option(RunSettings.transportKind) var transport: String?
    @Flag(RunSettings.checksumPayloads) var checksumPayloads = false
    @Option(RunSettings.successorWait) var successorSeconds: String?
    @Option(RunSettings.grace) var grace: String?
    @Option(RunSettings.progressDeadline) var progressDeadline: String?
    @Option(RunSettings.gatherDeadline) var gatherDeadline: String?
    @Option(RunSettings.slowLinkPolicy) var slowLinks: String?

    private var given: [(setting: RunSetting, text: String?)] {
        [
            (RunSettings.minWorkers, minWorkers), (RunSettings.rebalance, rebalance ? "true" : nil),
            (RunSettings.auditShare, audit), (RunSettings.checkpointEvery, checkpointEvery),
            (RunSettings.keepEvery, keepEvery), (RunSettings.successorWait, successorSeconds),
            (RunSettings.transportKind, transport),
            (RunSettings.checksumPayloads, checksumPayloads ? "true" : nil), (RunSettings.grace, grace),
            (RunSettings.progressDeadline, progressDeadline), (RunSettings.gatherDeadline, gatherDeadline),
            (RunSettings.slowLinkPolicy, slowLinks),
        ]
    }

    /// The settings from flags, environment and defaults, in this order of precedence.
    func settings(environment: [String: String]) throws(RunSettingError) -> RunSettings {
        let flags = given.compactMap { setting, text in text.map { (setting: setting, text: $0) } }
        return try RunSettings(flags: flags, environment: environment)
    }

    func validate() throws {
        do {
            _ = try settings(environment: [:])
        } catch {
            throw ValidationError(error.description)
        }
    }
}

extension Option where Value == String? {
    fileprivate init(_ setting: RunSetting) {
        self.init(name: .customLong(setting.name), help: ArgumentHelp(setting.helpWithDefault))
    }
}

extension Flag where Value == Bool {
    fileprivate init(wrappedValue: Bool, _ setting: RunSetting) {
        self.init(wrappedValue: wrappedValue, name: .customLong(setting.name), help: ArgumentHelp(setting.help))
    }
}

/// How many workers and threads use this host's cores.
struct WorkerLayout {
    var workerCount: Int
    var threadCount: Int

    /// An upper bound of the threads of one worker.
    private static let threadLimit = 1024
    /// The most spares: as many as workers in a run.
    static let spareLimit = 64

    /// The cores that the threads of all workers use.
    var usedCoreCount: Int { min(workerCount * threadCount, Processors.available) }

    static func check(threads: Int?) throws {
        guard 1...threadLimit ~= threads ?? 1 else {
            throw ValidationError("--threads takes a number from 1 to \(threadLimit)")
        }
    }

    /// By default the largest power of two of workers that neither cores nor micro-batches are fewer than; the cores
    /// are divided among them.
    init(workers: Int?, threads: Int?, microBatchCount: Int, coreCount: Int = Processors.available) {
        var workerCount = 1
        while workerCount * 2 <= min(coreCount, microBatchCount) { workerCount *= 2 }
        self.workerCount = workers ?? workerCount
        threadCount = threads ?? max(1, coreCount / self.workerCount)
    }
}
