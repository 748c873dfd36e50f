import Coordination
import Core
import Datasets
import Experiments
import Faults
import KernelInterface
import NeuralNetwork
import Runs
import Training
import Transport

/// The compute thread of a worker: it performs the control thread's commands, and trains up to its grant.
///
/// All calls are made on one thread, which also owns the sockets between workers.
final class WorkerCompute {
    let settings: WorkerSettings
    let kernels: KernelTable
    let channel: ComputeChannel
    let peers: PeerNetwork
    private var experiment: Experiment?
    private var localData: ImageDataset?
    private var welcome: Welcome?
    private var contents = ContentStore()
    private var session: TrainingSession?
    private let poller = Poller(capacity: 1)
    /// Also watches the inbox, and the memory of this host, while this worker has peers to answer.
    private let servingPoller = Poller(capacity: 3)

    init(settings: WorkerSettings, kernels: KernelTable, channel: ComputeChannel, peers: PeerNetwork) {
        self.settings = settings
        self.kernels = kernels
        self.channel = channel
        self.peers = peers
        poller.add(channel.commands.event)
        servingPoller.add(channel.commands.event)
        peers.watch(servingPoller)
    }

    /// Runs until the command `leave`.
    func run() {
        while true {
            for command in channel.commands.takeAll() {
                if case .leave = command { return }
                perform(command)
            }
            if session?.mayRunStep == true {
                session?.runStep()
            } else {
                waitForCommands()
            }
        }
    }

    /// Waits for a command, and answers peers that miss a frame of the last step.
    private func waitForCommands() {
        let deadline = Deadline(afterMilliseconds: 1000)
        guard let session, session.hasPeers else {
            _ = try? poller.wait(until: deadline)
            return
        }
        session.servePeers(watching: servingPoller, deadline: deadline)
    }

    private func perform(_ command: ComputeCommand) {
        do {
            switch command {
            case .loadExperiment(let welcome, let job):
                peers.job = job
                try loadExperiment(welcome)
            case .expectContent(let content): contents.expect(content)
            case .storeContent(let identifier, let offset, let bytes):
                contents.store(identifier, offset: offset, bytes: bytes)
            case .prepare: try prepare()
            case .quiesce: session?.quiesce()
            case .enterView(let view): try session?.enter(view)
            case .extendGrant(let stepLimit): session?.extendGrant(to: stepLimit)
            case .stopAt(let stepLimit): session?.stop(at: stepLimit)
            case .serializeState(let purpose): session?.serialize(purpose)
            case .saveState: channel.reports.post(.stateSaved(path: saveState()))
            case .leave: break
            }
        } catch {
            channel.reports.post(.failed(FailureKind.of(error), message: String(describing: error)))
        }
    }

    /// Reads the experiment and looks up its data on this host.
    private func loadExperiment(_ welcome: Welcome) throws {
        channel.faults?.reach(.learning, step: 0)
        let experiment = try Experiment(yaml: welcome.experiment, source: "the coordinator's experiment")
        self.experiment = experiment
        self.welcome = welcome
        let wanted = welcome.data.compactMap { content -> SHA256Digest? in
            if case .data(let digest) = content.identifier { digest } else { nil }
        }
        let found = try? DatasetLookup.load(
            experiment, data: settings.data, environment: settings.environment
        ).training
        localData = found.flatMap { wanted.contains($0.digest) ? $0 : nil }
        channel.reports.post(.experimentLoaded(missing: localData == nil ? wanted : []))
    }

    /// Builds model, data and state from local and received content.
    private func prepare() throws {
        guard let experiment, let welcome else { return }
        let model = try Model(experiment.model, loss: experiment.loss)
        let dataset = try dataset(welcome, experiment)
        try checkMemory(MemoryDemand(model: model, experiment: experiment, dataset: dataset))
        let data = try TrainingData(dataset: dataset, experiment: experiment)
        var state = ReplicatedState(model: model, experiment: experiment)
        if let content = welcome.state, let bytes = try contents.take(content.identifier) {
            state = try ReplicatedState(
                checkpoint: Safetensors(bytes: bytes), model: model, experiment: experiment,
                schedule: data.schedule(experiment))
        }
        let trainer = try TrainingReplica(
            experiment: experiment, model: model, data: data, state: state, kernels: kernels,
            threadCount: settings.threadCount)
        let session = TrainingSession(
            trainer: trainer, settings: welcome.settings, channel: channel, peers: peers,
            threadCount: settings.threadCount)
        peers.expect(parameterCount: model.parameterCount)
        self.session = session
        channel.reports.post(.prepared(session.position, stateDigest: session.stateDigest))
    }

    /// Compares what a training takes, beside the data that are loaded, with what this host has.
    private func checkMemory(_ demand: MemoryDemand) throws(ClusterError) {
        try HostMemory().check(
            "it needs", needsByteCount: demand.stateByteCount + demand.batchByteCount,
            remedy: "use a host with more, a smaller --batch-size or a smaller model")
    }

    /// Writes a rescue checkpoint to the worker's own folder. Nil when there is no folder or no state, or writing
    /// failed.
    private func saveState() -> String? {
        guard let session, let folder = settings.stateFolder else { return nil }
        let saved = try? RescueCheckpoint.save(
            session.encodedState, in: folder, job: peers.job, completedSteps: session.completedSteps)
        if let saved, saved.isNew { settings.noteSavedState(saved.path) }
        return saved?.path
    }

    private func dataset(_ welcome: Welcome, _ experiment: Experiment) throws -> ImageDataset {
        if let localData { return localData }
        for content in welcome.data {
            if let bytes = try contents.take(content.identifier) {
                return try ImageDataset(
                    archive: bytes, name: "the coordinator's data", classNames: experiment.dataset.source.classNames)
            }
        }
        throw ClusterError.content("the coordinator announced no data for its experiment")
    }
}

/// Content that arrives from the coordinator chunk by chunk.
///
/// The machine has checked the sizes against the protocol's limits; `take` checks the digest.
struct ContentStore {
    /// Announced sizes; memory is allocated for what has arrived.
    private var byteCounts: [ContentIdentifier: Int] = [:]
    private var pieces: [ContentIdentifier: [UInt8]] = [:]

    mutating func expect(_ content: ContentDescription) {
        byteCounts[content.identifier] = Int(content.byteCount)
        pieces[content.identifier] = []
    }

    mutating func store(_ identifier: ContentIdentifier, offset: Int, bytes: [UInt8]) {
        guard let size = byteCounts[identifier], offset >= 0, offset <= size - bytes.count else { return }
        let end = offset + bytes.count
        let lacking = max(0, end - (pieces[identifier]?.count ?? 0))
        pieces[identifier, default: []].append(contentsOf: repeatElement(0, count: lacking))
        pieces[identifier]?.replaceSubrange(offset..<end, with: bytes)
    }

    /// The whole content, or nil when none was expected.
    mutating func take(_ identifier: ContentIdentifier) throws(ClusterError) -> [UInt8]? {
        guard let bytes = pieces.removeValue(forKey: identifier), let size = byteCounts.removeValue(forKey: identifier)
        else { return nil }
        let expected: SHA256Digest
        switch identifier {
        case .data(let digest), .state(let digest): expected = digest
        }
        guard bytes.count == size, SHA256Digest(of: bytes) == expected else {
            throw .content(
                "what the coordinator sent does not have the digest \(expected.abbreviated) that it announced")
        }
        return bytes
    }
}

/// The state of a worker whose run has no coordinator any more, in its own folder: never in the run directory, which
/// belongs to a coordinator.
enum RescueCheckpoint {
    /// Writes the state and returns its path, and whether the file is new: all workers of a run write the same bytes
    /// under the same name.
    static func save(
        _ state: [UInt8], in folder: String, job: JobIdentifier, completedSteps: UInt64
    ) throws -> (path: String, isNew: Bool) {
        let opened = try OpenFolder.making(folder, access: .owner)
        try opened.checkOnlyOwnerWrites()
        let name = "\(job.description.prefix(8))-step-\(completedSteps).safetensors"
        let isNew = !opened.exists(name)
        try AtomicFile.write(state, to: name, in: opened)
        return ("\(folder)/\(name)", isNew)
    }

    /// Refuses an existing folder in which other users can replace files.
    static func check(_ folder: String) throws {
        guard FileOperations().isDirectory(folder) else { return }
        try OpenFolder(at: folder, access: .owner).checkOnlyOwnerWrites()
    }

    /// The default folder: `$XDG_STATE_HOME/selvedge`, or `~/.local/state/selvedge`.
    static func folder(environment: [String: String]) -> String? {
        if let path = environment["XDG_STATE_HOME"], path.hasPrefix("/") { return path + "/selvedge" }
        return environment["HOME"].map { $0 + "/.local/state/selvedge" }
    }
}
