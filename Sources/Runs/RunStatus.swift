/// Where a run is at the moment: the content of status.json, which a coordinator replaces twice a second.
///
/// The file is for people and programs that watch. Nothing of the training depends on it; it is not synchronized to
/// disk.
package struct RunStatus: Sendable, Equatable {
    package struct Worker: Sendable, Equatable {
        package var name: String
        package var host: String
        package var processIdentifier: Int
        /// Place in the view; nil for a spare, or a worker that still joins.
        package var rank: Int?
        /// Micro-batches of each step that it computes.
        package var microBatches: Int
        /// What it is doing, in words.
        package var phase: String
        package var completedSteps: Int
        /// The part of a step's time in which it computes, from 0 to 1; nil when not known. The rest is waiting for
        /// others.
        package var computeShare: Double?
        /// Milliseconds since its last message.
        package var silentMilliseconds: Int

        package init(
            name: String, host: String, processIdentifier: Int, rank: Int?, microBatches: Int, phase: String,
            completedSteps: Int, computeShare: Double?, silentMilliseconds: Int
        ) {
            self.name = name
            self.host = host
            self.processIdentifier = processIdentifier
            self.rank = rank
            self.microBatches = microBatches
            self.phase = phase
            self.completedSteps = completedSteps
            self.computeShare = computeShare
            self.silentMilliseconds = silentMilliseconds
        }
    }

    /// How workers are connected: those of one host with each other, or those of two hosts.
    package struct Link: Sendable, Equatable {
        package enum Medium: String, Sendable, CaseIterable {
            case memory
            /// A socket file.
            case ipc
            case tcp
        }

        package var host: String
        /// Nil for the workers of one host.
        package var otherHost: String?
        package var medium: Medium
        /// How many workers each host has.
        package var workerCount: Int
        package var otherWorkerCount: Int?
        /// Bytes of gradients that a step sends there, and back; nil when not known.
        package var stepBytes: Int?
        package var stepBytesBack: Int?
        /// What that is in megabits a second now, in the direction that carries more; nil when not known.
        package var megabitsPerSecond: Double?

        package init(
            host: String, otherHost: String? = nil, medium: Medium, workerCount: Int, otherWorkerCount: Int? = nil,
            stepBytes: Int? = nil, stepBytesBack: Int? = nil, megabitsPerSecond: Double? = nil
        ) {
            self.host = host
            self.otherHost = otherHost
            self.medium = medium
            self.workerCount = workerCount
            self.otherWorkerCount = otherWorkerCount
            self.stepBytes = stepBytes
            self.stepBytesBack = stepBytesBack
            self.megabitsPerSecond = megabitsPerSecond
        }
    }

    /// The version of the file's form.
    package static let version = 1
    private static let workerLimit = 4096
    private static let linkLimit = 4096
    /// Milliseconds since 1970, far in the future.
    private static let timeLimit = 1 << 50

    package var experiment: String
    /// The coordinator.
    package var host: String
    package var processIdentifier: Int
    /// What the coordinator is doing, in words; after the end the outcome.
    package var phase: String
    /// Whether the coordinator has ended.
    package var isOver: Bool
    package var generation: Int
    /// The running epoch, from 1.
    package var epoch: Int
    package var epochCount: Int
    /// Steps of the running epoch that are complete.
    package var step: Int
    package var stepsPerEpoch: Int
    /// Of the running epoch so far; nil before its first report.
    package var loss: Double?
    package var accuracy: Double?
    package var imagesPerSecond: Double?
    /// Milliseconds since 1970 at which this was written.
    package var updatedMilliseconds: Int
    package var workers: [Worker]
    /// Those of the view that trains; empty while links are not open, and without a second worker.
    package var links: [Link]

    package init(
        experiment: String, host: String, processIdentifier: Int, phase: String, isOver: Bool, generation: Int,
        epoch: Int, epochCount: Int, step: Int, stepsPerEpoch: Int, loss: Double? = nil, accuracy: Double? = nil,
        imagesPerSecond: Double? = nil, updatedMilliseconds: Int, workers: [Worker] = [],
        links: [Link] = []
    ) {
        self.experiment = experiment
        self.host = host
        self.processIdentifier = processIdentifier
        self.phase = phase
        self.isOver = isOver
        self.generation = generation
        self.epoch = epoch
        self.epochCount = epochCount
        self.step = step
        self.stepsPerEpoch = stepsPerEpoch
        self.loss = loss
        self.accuracy = accuracy
        self.imagesPerSecond = imagesPerSecond
        self.updatedMilliseconds = updatedMilliseconds
        self.workers = workers
        self.links = links
    }

    // MARK: Text

    /// One JSON object in one line. A figure that is not finite is left out.
    package var json: String {
        var fields = [
            ("version", String(Self.version)), ("experiment", JSONText.string(experiment)),
            ("host", JSONText.string(host)), ("process", String(processIdentifier)),
            ("phase", JSONText.string(phase)), ("over", String(isOver)), ("generation", String(generation)),
            ("epoch", String(epoch)), ("epochs", String(epochCount)), ("step", String(step)),
            ("steps_per_epoch", String(stepsPerEpoch)),
        ]
        for (key, value) in [("loss", loss), ("accuracy", accuracy), ("images_per_second", imagesPerSecond)] {
            if let value, value.isFinite { fields.append((key, value.description)) }
        }
        fields.append(("updated_ms", String(updatedMilliseconds)))
        fields.append(("workers", "[\(workers.map(\.json).joined(separator: ","))]"))
        fields.append(("links", "[\(links.map(\.json).joined(separator: ","))]"))
        return Self.object(fields)
    }

    fileprivate static func object(_ fields: [(String, String)]) -> String {
        "{" + fields.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
    }

    /// Reads the text of the file; nil where it is not a status of this version, or a number is not a possible one.
    package init?(json: [UInt8]) {
        guard let fields = try? JSONValue(parsing: json).object, fields["version"]?.whole == Self.version,
            let experiment = fields["experiment"]?.string, let host = fields["host"]?.string,
            let process = fields["process"]?.count, let phase = fields["phase"]?.string,
            let isOver = fields["over"]?.boolean, let generation = fields["generation"]?.whole,
            let epoch = fields["epoch"]?.count, let epochCount = fields["epochs"]?.count,
            let step = fields["step"]?.count, let stepsPerEpoch = fields["steps_per_epoch"]?.count,
            let updated = fields["updated_ms"]?.whole, 0...Self.timeLimit ~= updated,
            let workers = fields["workers"]?.array, workers.count <= Self.workerLimit
        else { return nil }
        // An older program's file has none.
        let links = fields["links"]?.array ?? []
        guard links.count <= Self.linkLimit else { return nil }
        self.init(
            experiment: experiment, host: host, processIdentifier: process, phase: phase, isOver: isOver,
            generation: generation, epoch: epoch, epochCount: epochCount, step: step, stepsPerEpoch: stepsPerEpoch,
            loss: fields["loss"]?.number, accuracy: fields["accuracy"]?.number,
            imagesPerSecond: fields["images_per_second"]?.number, updatedMilliseconds: updated,
            workers: workers.compactMap { $0.object.flatMap(Worker.init) },
            links: links.compactMap { $0.object.flatMap(Link.init) })
    }
}

extension RunStatus.Link {
    fileprivate var json: String {
        var fields = [("host", JSONText.string(host))]
        if let otherHost { fields.append(("other_host", JSONText.string(otherHost))) }
        fields += [("over", JSONText.string(medium.rawValue)), ("workers", String(workerCount))]
        let counts = [
            ("other_workers", otherWorkerCount), ("step_bytes", stepBytes), ("step_bytes_back", stepBytesBack),
        ]
        fields += counts.compactMap { name, value in value.map { (name, String($0)) } }
        if let megabitsPerSecond, megabitsPerSecond.isFinite {
            fields.append(("megabits_per_second", megabitsPerSecond.description))
        }
        return RunStatus.object(fields)
    }

    fileprivate init?(_ fields: [String: JSONValue]) {
        guard let host = fields["host"]?.string, let workerCount = fields["workers"]?.count,
            let medium = fields["over"]?.string.flatMap(Medium.init(rawValue:))
        else { return nil }
        self.init(
            host: host, otherHost: fields["other_host"]?.string, medium: medium, workerCount: workerCount,
            otherWorkerCount: fields["other_workers"]?.count, stepBytes: fields["step_bytes"]?.whole,
            stepBytesBack: fields["step_bytes_back"]?.whole,
            megabitsPerSecond: fields["megabits_per_second"]?.number)
    }
}

extension RunStatus.Worker {
    fileprivate var json: String {
        var fields = [
            ("name", JSONText.string(name)), ("host", JSONText.string(host)), ("process", String(processIdentifier)),
        ]
        if let rank { fields.append(("rank", String(rank))) }
        fields += [
            ("micro_batches", String(microBatches)), ("phase", JSONText.string(phase)),
            ("completed_steps", String(completedSteps)),
        ]
        if let computeShare, computeShare.isFinite { fields.append(("compute_share", computeShare.description)) }
        fields.append(("silent_ms", String(silentMilliseconds)))
        return RunStatus.object(fields)
    }

    fileprivate init?(_ fields: [String: JSONValue]) {
        guard let name = fields["name"]?.string, let host = fields["host"]?.string,
            let process = fields["process"]?.count, let microBatches = fields["micro_batches"]?.count,
            let phase = fields["phase"]?.string, let completedSteps = fields["completed_steps"]?.whole,
            let silent = fields["silent_ms"]?.count
        else { return nil }
        self.init(
            name: name, host: host, processIdentifier: process, rank: fields["rank"]?.count,
            microBatches: microBatches, phase: phase, completedSteps: completedSteps,
            computeShare: fields["compute_share"]?.number.map { min(max(0, $0), 1) }, silentMilliseconds: silent)
    }
}

extension JSONValue {
    /// A whole number from 0 to the largest of 32 bits, so that sums and products of two fit.
    var count: Int? { whole.flatMap { 0...Int(Int32.max) ~= $0 ? $0 : nil } }
}
