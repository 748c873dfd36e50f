import Core

@testable import Coordination

/// The state of a coordinator's machine, with which an attacker makes messages that fit its phase.
struct CoordinatorInsight {
    var generation: UInt64
    var view: View?
    var viewDigest: SHA256Digest?
    var stepLimit: UInt64
    var recordedEpochs: UInt32
    var stopLimit: UInt64?
}

/// Makes messages of workers: of every kind in any order, with some fields at their edges.
struct HostileWorker {
    static let spaces = [ProcessSpace(high: 0, low: 1), ProcessSpace(high: 0, low: 2)]

    var values: HostileValues

    mutating func message(_ known: CoordinatorInsight) -> WorkerMessage {
        let position = known.view?.position ?? .start
        let generation = values.number(known.generation)
        switch Int.random(in: 0..<24, using: &values.generator) {
        case 0...2: return .hello(hello(known))
        case 3...6:
            let limit = max(known.stepLimit, position.completedSteps)
            let steps = values.chance(50) ? limit : position.completedSteps
            return .progress(progress(generation: generation, steps: values.number(steps)))
        case 7...9:
            let isFirst = known.view == nil && values.chance(80)
            return .ready(
                Ready(
                    generation: isFirst ? 0 : generation, position: values.position(position),
                    stateDigest: values.digest()))
        case 10...12:
            let digest = values.chance(90) ? known.viewDigest ?? values.digest() : values.digest()
            return .linked(Linked(generation: generation, stateDigest: digest, sharesMemory: true))
        case 13 where values.chance(30):
            return .validationCounts(
                ValidationCounts(
                    generation: generation, epoch: values.smallNumber(known.recordedEpochs &+ 1), classCount: 1,
                    counts: [.max]))
        case 13:
            let step = ReducedStep(digest: 1, lossSum: .nan, correctCount: .max, learningRate: -.infinity)
            return .reducedSteps(
                ReducedSteps(
                    generation: generation, firstStep: values.number(position.completedSteps),
                    steps: Array(repeating: step, count: Int.random(in: 0...40, using: &values.generator))))
        case 14:
            return .contentRequest(
                ContentRequest(
                    content: .data(SampleMessages.digest(100)), firstChunk: values.smallNumber(0),
                    chunkCount: UInt32.random(in: 1...64, using: &values.generator)))
        case 15, 16:
            return .epochEnded(
                EpochEnded(
                    epoch: values.smallNumber(known.recordedEpochs &+ 1),
                    completedSteps: values.number(known.stepLimit), row: values.bytes(upTo: 9),
                    stateDigest: values.chance(80) ? values.digest() : nil, bestImproved: values.chance(50)))
        case 17: return .stateChunk(stateChunk(known))
        case 18, 19: return .failed(failure(known, generation: generation))
        case 20:
            return .done(
                Done(
                    generation: generation, completedSteps: values.number(known.stopLimit ?? known.stepLimit),
                    stateDigest: values.digest(), isComplete: values.chance(50)))
        case 21: return .leaving(signal: values.pick([1, 2, 15, 64]))
        case 22:
            var links: [LinkReport.Link] = []
            for rank in 0..<3 as Range<UInt32> {
                links.append(.init(rank: Int(values.smallNumber(rank)), use: linkUse()))
            }
            return .links(LinkReport(generation: generation, links: links))
        default: return values.chance(10) ? .goodbye : .progress(progress(generation: generation, steps: 0))
        }
    }

    private mutating func hello(_ known: CoordinatorInsight) -> Hello {
        var hello = SampleMessages.hello
        let slot = Int.random(in: 0..<6, using: &values.generator)
        hello.name = "worker-\(slot)"
        hello.nonce = ProcessNonce(
            high: 0, low: UInt64(values.chance(80) ? slot : Int.random(in: 0..<9, using: &values.generator)))
        hello.hostIdentifier = HostIdentifier(high: 0, low: UInt64(slot / 2))
        hello.processSpace = values.pick(Self.spaces)
        hello.processIdentifier = values.chance(80) ? Int32(1001 + slot) : values.pick([0, -1, 1, .min, .max])
        hello.inboxAddress = values.pick(["ipc://\(slot)", "ipc://\(slot)", "ipc://0", "", "inproc://x", "tcp://a:0"])
        hello.experimentDigest = nil
        hello.arithmeticVersion = values.chance(95) ? 3 : values.smallNumber(3)
        hello.threadCount = values.smallNumber(2)
        if values.chance(30) {
            hello.attachment = Attachment(
                job: JobIdentifier(high: 7, low: values.chance(95) ? 8 : 9),
                generation: values.number(known.generation), holdsState: values.chance(50))
        }
        return hello
    }

    private mutating func progress(generation: UInt64, steps: UInt64) -> Progress {
        let measures = RunningMeasures(
            epoch: values.smallNumber(1), loss: values.real(), accuracy: values.real(), samplesPerSecond: values.real())
        return Progress(
            generation: generation, completedSteps: steps, phase: values.pick(WorkerPhase.allCases),
            counter: values.number(UInt64.random(in: 0...1000, using: &values.generator)),
            microBatchNanoseconds: values.number(100_000), measures: values.chance(50) ? measures : nil)
    }

    private mutating func linkUse() -> LinkUse {
        LinkUse(
            milliseconds: values.number(1000), sentSegmentCount: Int(clamping: values.number(200)),
            lostSegmentCount: Int(clamping: values.number(30)),
            acknowledgedByteCount: Int(clamping: values.number(100_000)),
            busyMicroseconds: Int(clamping: values.number(900_000)),
            roundTripMicroseconds: Int(clamping: values.number(40_000)))
    }

    private mutating func stateChunk(_ known: CoordinatorInsight) -> StateChunk {
        let position = Position(
            rounds: 0, completedSteps: known.stopLimit ?? known.stepLimit, completedEpochs: known.recordedEpochs &+ 1)
        let bytes = values.bytes(upTo: 9)
        let total = values.chance(70) ? UInt64(bytes.count) : min(values.number(9), WireLimits.contentByteCount)
        return StateChunk(
            name: values.stateName(position), offset: values.number(0), totalByteCount: total,
            checksum: values.chance(90) ? CRC32C.checksum(bytes) : 1, bytes: bytes)
    }

    private mutating func failure(_ known: CoordinatorInsight, generation: UInt64) -> WorkerFailure {
        let memberCount = UInt32(known.view?.members.count ?? 0)
        let owner = Int(values.smallNumber(UInt32.random(in: 0...memberCount, using: &values.generator)))
        let auditor = Int(values.smallNumber(UInt32.random(in: 0...memberCount, using: &values.generator)))
        let kind = values.pick([
            WorkerFailure.Kind.peerLost(rank: owner), .peerLost(rank: owner), .internal, .arithmetic,
            .auditMismatch(
                AuditMismatch(
                    completedSteps: values.number(known.stepLimit), owner: owner, auditor: auditor, ownerDigest: 1,
                    auditorDigest: 2)),
        ])
        let isRare = values.chance(4)
        return WorkerFailure(
            generation: generation,
            kind: isRare ? .nonFinite(step: values.number(1), microBatch: nil, what: "") : kind, message: "line\nline")
    }
}
