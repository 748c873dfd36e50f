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
    package let testSet: ImageDataset
    package let schedule: BatchSchedule
    /// The rows of epochs that were finished before.
    package internal(set) var rows: [EpochRow]
    /// The bytes of the checkpoint from which training continues.
    let startBytes: [UInt8]?
    let startProgress: TrainingProgress
    /// Warnings of the preparation, one line each.
    package let warnings: [String]

    /// Steps that are complete at the start.
    package var completedSteps: Int { schedule.completedSteps(before: startProgress.round) }

    /// Whether nothing is left to train.
    var isComplete: Bool { startProgress.isFinished(schedule, earlyStopping: experiment.earlyStopping) }

    /// Opens and locks the directory of a run that is continued; nil for a new run, which has none yet.
    static func resumedDirectory(_ settings: CoordinatorSettings, files: FileOperations) throws -> RunDirectory? {
        guard case .resume(let path, _) = settings.run else { return nil }
        let name = settings.experiment.name
        guard let path = try path ?? RunDirectory.newest(name: name) else {
            throw RunDirectoryError.notARun(path: "runs/\(name)-N")
        }
        return try RunDirectory.open(
            at: path, digest: settings.experiment.digest, policy: settings.folderPolicy, files: files)
    }

    /// Checks the experiment and loads its data, then makes the run directory of a new run. `resumed` is the directory of a run that
    /// is continued, if it is open already.
    init(
        _ settings: CoordinatorSettings, resumed: RunDirectory? = nil, files: FileOperations = FileOperations()
    ) throws {
        let resumed = try resumed ?? Self.resumedDirectory(settings, files: files)
        var experiment = settings.experiment
        let model = try Model(experiment.model, loss: experiment.loss)
        guard settings.runSettings.audit.isNone || model.agreedSumCounts.isEmpty else { throw ClusterError.noAudit }
        let data = try DatasetLookup.load(experiment, data: settings.data, environment: settings.environment)
        try data.training.check(fits: model)
        try data.test.check(fits: model)
        try Self.checkMemory(settings, MemoryDemand(model: model, experiment: experiment, dataset: data.training))
        let schedule = try TrainingData(dataset: data.training, experiment: experiment).schedule(experiment)
        var initialState: ReplicatedState?
        if case .new = settings.run, let weights = settings.initialWeights {
            experiment = weights.resolving(experiment)
            initialState = try weights.state(model: model, experiment: experiment)
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
    }
}

extension PreparedRun {
    /// Compares what the workers of a supervisor take with what this host has, before they start to load. A successor's workers have
    /// their memory already.
    private static func checkMemory(_ settings: CoordinatorSettings, _ demand: MemoryDemand) throws(ClusterError) {
        guard settings.isSupervised, !settings.isSuccessor else { return }
        let workerCount = settings.workerLimit ?? settings.workerCount
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

    init(
        _ settings: CoordinatorSettings, resumed: RunDirectory?, _ experiment: Experiment,
        initialState: ReplicatedState?, model: Model,
        schedule: BatchSchedule, files: FileOperations
    ) throws {
        let (text, digest, policy) = (experiment.canonicalForm, experiment.digest, settings.folderPolicy)
        if let resumed, case .resume(_, let checkpoint) = settings.run {
            directory = resumed
            try load(checkpoint: checkpoint, experiment: experiment, model: model, schedule: schedule)
            try directory.replaceExperiment(text, digest: digest)
        } else if let path = settings.run.path {
            directory = try RunDirectory.create(
                at: path, experiment: text, digest: digest, policy: policy, files: files)
        } else {
            directory = try RunDirectory.create(
                name: experiment.name, experiment: text, digest: digest, policy: policy, files: files)
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
        try load(checkpoint: nil, experiment: experiment, model: model, schedule: schedule)
        try directory.replaceMetrics(progress.rows)
    }

    /// Reads the whole state to continue from before anything in the folder is changed.
    private mutating func load(
        checkpoint: String?, experiment: Experiment, model: Model, schedule: BatchSchedule
    ) throws {
        func state(in contents: Safetensors) throws(CheckpointError) -> ReplicatedState {
            try ReplicatedState(checkpoint: contents, model: model, experiment: experiment, schedule: schedule)
        }
        // Interrupted before the first checkpoint: training starts again in the same folder.
        guard checkpoint != nil || directory.hasCheckpoint else {
            guard experiment.initialWeights == nil else { throw InitialWeightsError.lost(run: directory.path) }
            return
        }
        let contents = try contents(of: checkpoint, schedule) { contents throws(CheckpointError) in
            try state(in: contents).progress
        }
        progress = try state(in: contents).progress
        guard progress.rows.count <= experiment.epochs else {
            throw ClusterError.content(
                "the run \(directory.path) has finished \(progress.rows.count) epochs, more than the requested "
                    + "\(experiment.epochs): give --epochs \(progress.rows.count) or more")
        }
        bytes = contents.bytes
    }

    /// The named checkpoint, or the newest one that is complete and unchanged since it was saved.
    private mutating func contents(
        of checkpoint: String?, _ schedule: BatchSchedule,
        progress: (Safetensors) throws(CheckpointError) -> TrainingProgress
    ) throws -> Safetensors {
        let journal = (try? directory.recordedJournal()) ?? RunJournal(records: [])
        func change(of contents: Safetensors) throws(CheckpointError) -> String? {
            let steps = schedule.completedSteps(before: try progress(contents).round)
            return journal.problem(ofCheckpoint: contents.bytes, completedSteps: steps)
        }
        if let checkpoint {
            let contents = try Safetensors(path: checkpoint)
            // The journal has digests only of this run's files.
            if checkpoint.hasPrefix(directory.paths.checkpoints + "/"), let change = try change(of: contents) {
                throw ClusterError.content("\(checkpoint): \(change); give --resume no file, or another one")
            }
            return contents
        }
        let found = try directory.newestCheckpoint { contents in
            do {
                return try change(of: contents)
            } catch {
                return String(describing: error)
            }
        }
        warnings = found.warnings
        return found.contents
    }
}
