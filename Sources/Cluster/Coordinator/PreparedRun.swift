import Coordination
import Core
package import Datasets
package import Experiments
package import NeuralNetwork
package import Runs
package import Training

/// A run that is ready to train: its folder is locked, its data is loaded, its first state is known.
package struct PreparedRun: Sendable {
    package let experiment: Experiment
    package let model: Model
    package let directory: RunDirectory
    package let trainingSet: ImageDataset
    /// Nil where the experiment has no test.
    package let testSet: ImageDataset?
    package let schedule: BatchSchedule
    /// The rows of epochs that were finished before.
    package internal(set) var rows: [EpochRow]
    /// The bytes of the checkpoint from which training continues.
    let startBytes: [UInt8]?
    let startProgress: TrainingProgress
    /// Warnings of the preparation, one line each.
    package let warnings: [String]
    private let openingNotices: [String]
    /// Where the data are, for a reader.
    package let dataPlace: String

    /// Steps that are complete at the start.
    package var completedSteps: Int { schedule.completedSteps(before: startProgress.round) }

    /// Whether nothing is left to train.
    var isComplete: Bool { startProgress.isFinished(schedule, earlyStopping: experiment.earlyStopping) }

    /// Opens and locks the directory of a run that is continued; nil for a new run, which has none yet.
    static func resumedDirectory(_ settings: CoordinatorSettings, files: FileOperations) throws -> RunDirectory? {
        guard case .resume(let path, _) = settings.run else { return nil }
        let name = settings.experiment.name
        guard let path = try path ?? RunDirectory.newest(name: name) else {
            throw RunDirectoryError.nothingToResume(parent: RunDirectory.usualParent, name: name)
        }
        do throws(RunDirectoryError) {
            return try RunDirectory.open(
                at: path, digest: settings.experiment.digest, policy: settings.folderPolicy, files: files)
        } catch {
            guard case .otherExperiment = error else { throw error }
            let kept = try? Experiment.load(path: RunPaths(path).experiment)
            throw ClusterError.otherExperiment(
                run: path, changes: kept.map(settings.experiment.differences) ?? [])
        }
    }

    /// Checks the experiment and loads its data, then makes the run directory of a new run. `resumed` is the directory
    /// of a run that is continued, if it is open already.
    init(
        _ settings: CoordinatorSettings, resumed: RunDirectory? = nil, files: FileOperations = FileOperations()
    ) throws {
        let resumed = try resumed ?? Self.resumedDirectory(settings, files: files)
        var experiment = try DatasetLookup.resolved(
            settings.experiment, data: settings.data, environment: settings.environment)
        let model = try Model(experiment.model, loss: experiment.loss)
        guard settings.runSettings.audit.isNone || model.agreedSumCounts.isEmpty else { throw ClusterError.noAudit }
        let data = try DatasetLookup.load(experiment, data: settings.data, environment: settings.environment)
        try data.training.check(fits: model)
        try data.test?.check(fits: model)
        try Self.checkMemory(settings, MemoryDemand(model: model, experiment: experiment, dataset: data.training))
        let schedule = try TrainingData(dataset: data.training, experiment: experiment).schedule(experiment)
        var initialState: ReplicatedState?
        var skipped: [String] = []
        if case .new = settings.run, let weights = settings.initialWeights {
            experiment = weights.resolving(experiment)
            let start = try weights.start(model: model, experiment: experiment)
            initialState = start.state
            skipped = start.skipped
        }
        let opened = try OpenedRun(
            settings, resumed: resumed, experiment, initialState: initialState, model: model, schedule: schedule,
            files: files)
        self.experiment = experiment
        self.model = model
        directory = opened.directory
        trainingSet = data.training
        testSet = data.test
        self.schedule = schedule
        rows = opened.progress.rows
        startBytes = opened.bytes
        startProgress = opened.progress
        warnings = opened.warnings
        openingNotices = skipped + opened.notices
        dataPlace = DatasetLookup.place(experiment, data: settings.data, environment: settings.environment)
    }

    /// What may make the results other than meant, one line each.
    package var notices: [String] {
        var lines = openingNotices
        if case .testSet = experiment.dataset.validation {
            let choice = experiment.earlyStopping == nil ? "the best epoch is" : "the best epoch and early stopping are"
            lines.append(
                "validation uses the test set: \(choice) chosen with it, so the test figures of the best weights are not "
                    + "independent")
        }
        if model.classCount > trainingSet.classNames.count {
            lines.append(
                "the model has \(model.classCount) outputs for \(trainingSet.classNames.count) classes: the further ones "
                    + "have no samples")
        }
        return lines
    }

    /// The same run, continued from its newest checkpoint. Nothing is loaded but that.
    func continuedFromCheckpoint() throws -> PreparedRun {
        let opened = try OpenedRun(directory, experiment, model: model, schedule: schedule)
        return PreparedRun(self, opened)
    }

    private init(_ run: PreparedRun, _ opened: OpenedRun) {
        experiment = run.experiment
        model = run.model
        directory = run.directory
        trainingSet = run.trainingSet
        testSet = run.testSet
        schedule = run.schedule
        rows = opened.progress.rows
        startBytes = opened.bytes
        startProgress = opened.progress
        warnings = opened.warnings
        openingNotices = opened.notices
        dataPlace = run.dataPlace
    }
}

extension PreparedRun {
    /// Compares what the workers of a supervisor take with what this host has, before they start to load. A successor's
    /// workers have their memory already.
    private static func checkMemory(_ settings: CoordinatorSettings, _ demand: MemoryDemand) throws(ClusterError) {
        guard settings.isSupervised, !settings.isSuccessor else { return }
        let workerCount = settings.localWorkerCount ?? settings.workerLimit ?? settings.workerCount
        try HostMemory().check(
            workerCount == 1 ? "one worker needs" : "\(workerCount) workers need",
            needsByteCount: demand.byteCount(workerCount: workerCount),
            remedy: "use fewer --workers, a smaller --batch-size or a smaller model")
    }
}

/// The run directory, new or continued, with the state from which it continues.
private struct OpenedRun {
    let directory: RunDirectory
    var bytes: [UInt8]?
    var progress = TrainingProgress()
    var warnings: [String] = []
    var notices: [String] = []

    init(
        _ settings: CoordinatorSettings, resumed: RunDirectory?, _ experiment: Experiment,
        initialState: ReplicatedState?, model: Model,
        schedule: BatchSchedule, files: FileOperations
    ) throws {
        let reader = CheckpointReader(model: model, experiment: experiment, schedule: schedule)
        let (text, digest, policy) = (experiment.canonicalForm, experiment.digest, settings.folderPolicy)
        switch settings.run {
        case .new(let path?):
            directory = try RunDirectory.create(
                at: path, experiment: text, digest: digest, policy: policy, files: files)
        case .new(nil):
            directory = try RunDirectory.create(
                name: experiment.name, experiment: text, digest: digest, policy: policy, files: files)
        case .resume(_, let checkpoint):
            guard let resumed else { preconditionFailure("the directory of a continued run is open") }
            directory = resumed
            try load(checkpoint: checkpoint, reader)
            if checkpoint != nil { try keepBest(from: .opened(resumed), reader) }
            try directory.replaceExperiment(text, digest: digest)
        case .copy(let path, let checkpoint, let source):
            // The whole state is read before a folder is made.
            let origin = source.map { ContinuedRun.other(RunPaths($0)) }
            let found = try CheckpointChoice(checkpoint, of: origin, reader)
            directory = try RunDirectory.create(
                at: path, experiment: text, digest: digest, policy: policy, files: files)
            take(found)
            try directory.openJournal().announceCheckpoint(
                found.contents.bytes, completedSteps: UInt64(schedule.completedSteps(before: progress.round)))
            try directory.saveCheckpoint(found.contents.bytes, isBest: false)
            try keepBest(from: origin ?? .opened(directory), reader)
        }
        try directory.replaceMetrics(progress.rows)
        if let initialState {
            // The first checkpoint: a resumed run does not need the weights' file.
            let initialBytes = initialState.encoded(model: model, experiment: experiment)
            try directory.openJournal().announceCheckpoint(initialBytes, completedSteps: 0)
            try directory.saveCheckpoint(initialBytes, isBest: false)
            bytes = initialBytes
        }
    }

    /// A run that this process has open already.
    init(_ directory: RunDirectory, _ experiment: Experiment, model: Model, schedule: BatchSchedule) throws {
        self.directory = directory
        try load(checkpoint: nil, CheckpointReader(model: model, experiment: experiment, schedule: schedule))
        try directory.replaceMetrics(progress.rows)
    }

    /// Reads the whole state to continue from before anything in the folder is changed.
    private mutating func load(checkpoint: String?, _ reader: CheckpointReader) throws {
        // Interrupted before the first checkpoint: training starts again in the same folder.
        guard checkpoint != nil || directory.hasCheckpoint else {
            guard reader.experiment.initialWeights == nil else {
                throw InitialWeightsError.lost(run: directory.path)
            }
            return
        }
        take(try CheckpointChoice(checkpoint, of: .opened(directory), reader))
    }

    private mutating func take(_ found: CheckpointChoice) {
        progress = found.progress
        warnings = found.warnings
        bytes = found.contents.bytes
    }

    /// Makes `best` the state of the best epoch so far, where `source` still has it. Training goes back to an earlier
    /// epoch or into another folder, so the file that is there may be of an epoch that this run has not had.
    private mutating func keepBest(from source: ContinuedRun, _ reader: CheckpointReader) throws {
        let best = progress.bestEpoch(reader.experiment.earlyStopping)
        guard let best else { return try directory.removeBest() }
        let round = best * reader.schedule.roundsPerEpoch
        func isExpected(_ contents: Safetensors?) -> Bool {
            contents.flatMap { try? reader.progress(of: $0).round } == round
        }
        if isExpected(try? directory.checkpoint(RunFileName.best)) { return }
        let names = [
            RunFileName.best, RunFileName.checkpoint(epoch: best), RunFileName.last, RunFileName.previous,
        ]
        if let kept = names.lazy.compactMap({ source.checkpoint($0) }).first(where: isExpected) {
            return try directory.replaceBest(kept.bytes)
        }
        if progress.round == round, let bytes { return try directory.replaceBest(bytes) }
        try directory.removeBest()
        notices.append("best.safetensors is missing: the weights of epoch \(best), the best so far, are not kept")
    }
}
