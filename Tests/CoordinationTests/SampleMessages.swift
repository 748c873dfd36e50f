import Core

@testable import Coordination

/// One message of every kind, with every optional field there and not there.
enum SampleMessages {
    static func digest(_ seed: UInt8) -> SHA256Digest {
        guard let digest = SHA256Digest(bytes: (0..<32).map { UInt8($0) &* 7 &+ seed }) else {
            preconditionFailure("32 bytes make a digest")
        }
        return digest
    }

    static let hello = Hello(
        name: "worker-1", nonce: ProcessNonce(high: 6, low: .max), host: "höst",
        hostIdentifier: HostIdentifier(high: .max, low: 5), processSpace: ProcessSpace(high: 8, low: 9),
        processIdentifier: 4242, build: "1.0", arithmeticVersion: 3, instructionSet: "avx512",
        dataDigests: [digest(1), digest(2)],
        experimentDigest: digest(3),
        inboxAddress: "tcp://10.0.0.5:5555", threadCount: 2)

    static func key(_ seed: UInt8) -> PublicKey {
        guard let key = PublicKey(bytes: digest(seed).bytes) else { preconditionFailure("32 bytes make a key") }
        return key
    }

    static let coordinator = CoordinatorIdentity(job: JobIdentifier(high: 1, low: 2), term: 7)

    static let program = ProgramIdentity(release: "1.0", buildIdentifier: "0af3", arithmeticVersion: 3)

    static let name = StateName(purpose: .epochEnd, completedSteps: 1500, completedEpochs: 2)

    static let linkReport = LinkReport(
        generation: 3,
        links: [
            .init(
                rank: 1,
                use: LinkUse(
                    milliseconds: 1003, sentSegmentCount: 214, lostSegmentCount: 31, acknowledgedByteCount: 160_000,
                    busyMicroseconds: 980_000, roundTripMicroseconds: 41_000)),
            .init(
                rank: 2,
                use: LinkUse(
                    milliseconds: 1, sentSegmentCount: 0, lostSegmentCount: 7, acknowledgedByteCount: .max,
                    busyMicroseconds: .max, roundTripMicroseconds: .max)),
        ])

    static let position = Position(rounds: 1502, completedSteps: 1500, completedEpochs: 2)

    static var fromWorker: [WorkerMessage] {
        var plain = hello
        plain.experimentDigest = nil
        plain.dataDigests = []
        plain.processIdentifier = -1
        var attached = hello
        attached.inboxKey = key(8)
        attached.attachment = Attachment(job: JobIdentifier(high: 1, low: 2), generation: 3, holdsState: true)
        let measures = RunningMeasures(epoch: 2, loss: 0.25, accuracy: 0.9, samplesPerSecond: 1e5)
        let kinds: [WorkerFailure.Kind] = [
            .nonFinite(step: 9, microBatch: 3, what: "the loss"), .nonFinite(step: 9, microBatch: nil, what: ""),
            .peerLost(rank: 5), .data, .arithmetic, .experiment, .internal,
            .auditMismatch(
                AuditMismatch(completedSteps: 9, owner: 1, auditor: 2, ownerDigest: .max, auditorDigest: 3)),
        ]
        return [
            .hello(hello), .hello(plain), .hello(attached), .goodbye, .inquiry(Inquiry(number: .max)),
            .leaving(signal: 15), .links(LinkReport(generation: 3, links: [])), .links(linkReport),
            .progress(Progress(generation: 1, completedSteps: 7, phase: .exchanging, counter: 99)),
            .progress(Progress(generation: 1, completedSteps: 7, phase: .updating, counter: 9, measures: measures)),
            .reducedSteps(
                ReducedSteps(
                    generation: 1, firstStep: 5,
                    steps: [
                        ReducedStep(digest: 1, lossSum: 70.5, correctCount: 31, learningRate: 0.001),
                        ReducedStep(digest: .max, lossSum: .infinity, correctCount: .max),
                    ])),
            .validationCounts(ValidationCounts(generation: 1, epoch: 2, classCount: 2, counts: [9, 0, 1, .max])),
            .validationCounts(ValidationCounts(generation: 1, epoch: 2, classCount: 0, counts: [])),
            .contentRequest(ContentRequest(content: .data(digest(4)), firstChunk: 16, chunkCount: 16)),
            .progress(
                Progress(generation: 1, completedSteps: 7, phase: .waiting, counter: 9, microBatchNanoseconds: 12_345)),
            .ready(Ready(generation: 0, position: .start, stateDigest: digest(5))),
            .ready(Ready(generation: 4, position: position, stateDigest: digest(5))),
            .linked(Linked(generation: 4, stateDigest: digest(5), sharesMemory: true)),
            .epochEnded(
                EpochEnded(
                    epoch: 2, completedSteps: 1500, row: Array("{\"epoch\":2}".utf8), stateDigest: digest(6),
                    bestImproved: true)),
            .epochEnded(EpochEnded(epoch: 2, completedSteps: 1500, row: [], stateDigest: nil, bestImproved: false)),
            .stateChunk(
                StateChunk(name: name, offset: 262_144, totalByteCount: 262_147, checksum: 77, bytes: [1, 2, 3])),
            .done(Done(generation: 1, completedSteps: 3000, stateDigest: digest(7), isComplete: true)),
        ] + kinds.map { .failed(WorkerFailure(generation: 1, kind: $0, message: "what happened")) }
    }

    static var fromCoordinator: [CoordinatorMessage] {
        let timing = WorkerTiming(heartbeatIntervalMilliseconds: 250, coordinatorSilenceMilliseconds: 2000)
        var settings = RunSettings()
        settings.audit = .all
        let data = [ContentDescription(identifier: .data(digest(1)), byteCount: 47_000_000)]
        let state = ContentDescription(identifier: .state(digest(2)), byteCount: 2_000_000)
        let records = Records(epochs: 3, savedEpochs: 2)
        let members = (0..<3).map { rank in
            Member(
                rank: rank, workerIdentifier: UInt32(rank + 1), name: "worker-\(rank)", host: "a",
                hostNumber: rank % 2, processIdentifier: 100, inboxAddress: "ipc://w\(rank)",
                inboxKey: rank > 0 ? key(UInt8(rank)) : nil,
                microBatches: rank * 4..<rank * 4 + (rank < 2 ? 4 : 0), needsState: rank != 1)
        }
        return [
            .welcome(
                Welcome(
                    workerIdentifier: 1, experiment: "name: A-1\n", data: data, state: state, records: records,
                    timing: timing, settings: settings)),
            .welcome(
                Welcome(
                    workerIdentifier: 2, experiment: "", data: [], state: nil, records: records, timing: timing,
                    settings: settings)),
            .refused(Refusal(kind: .arithmeticVersion, reason: "version 2, not 3")), .heartbeat, .introduce, .preparing,
            .contentChunk(ContentChunk(content: .state(digest(2)), chunk: 3, checksum: 5, bytes: [9, 8])),
            .reconfigure(generation: 2), .view(View(generation: 2, position: position, holder: 1, members: members)),
            .grant(Grant(generation: 1, stepLimit: 20, records: records)),
            .stop(Grant(generation: 1, stepLimit: 20, records: records)), .stateReceived(name: name, offset: 262_144),
            .sendState(.diverged),
            .information(
                Information(number: 9, host: "höst", program: program, data: [digest(1)], clockNanoseconds: -1)),
            .end(reason: "training is complete"), .abort(exitCode: 75, reason: "worker 1 died"),
        ]
    }
}

extension CoordinatorMessage {
    /// The message as the sample coordinator sends it.
    func encoded() -> [UInt8] {
        CoordinatorEnvelope(sender: SampleMessages.coordinator, message: self).encoded()
    }

    init(decoding bytes: [UInt8]) throws(MessageError) {
        self = try CoordinatorEnvelope(decoding: bytes).message
    }
}
