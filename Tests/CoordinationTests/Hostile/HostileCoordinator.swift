import Core

@testable import Coordination

/// Makes messages of coordinators: of every kind in any order, with some fields at their edges.
struct HostileCoordinator {
    var values: HostileValues
    /// Where the worker that gets them is reached.
    let inboxAddress: String

    mutating func message(heardGeneration: UInt64, view: View?, phase: WorkerMachine.Phase) -> CoordinatorMessage {
        let generation = values.number(heardGeneration)
        let position = view?.position ?? .start
        let isReady = phase == .ready || phase == .training
        switch Int.random(in: 0..<20, using: &values.generator) {
        case 0, 1: return .welcome(welcome())
        case 2: return values.chance(10) ? .refused(Refusal(kind: .duplicate, reason: "")) : .introduce
        case 3: return .heartbeat
        case 4...6: return .contentChunk(contentChunk())
        case 7, 8: return .reconfigure(generation: values.number(heardGeneration &+ UInt64(values.pick([0, 1]))))
        case 9...11 where !isReady:
            return .view(self.view(generation: max(1, generation &+ 1), position: values.position(position)))
        case 9...14: return .grant(grant(view?.generation ?? generation, position))
        case 15: return .stop(grant(view?.generation ?? generation, position))
        case 16: return .stateReceived(name: values.stateName(position), offset: values.number(0))
        case 17: return .sendState(values.pick(StatePurpose.allCases))
        case 18: return values.chance(3) ? .end(reason: "") : .heartbeat
        default:
            return values.chance(3)
                ? .abort(exitCode: Int32(bitPattern: values.smallNumber(75)), reason: "") : .heartbeat
        }
    }

    private mutating func content(_ identifier: ContentIdentifier) -> ContentDescription {
        let size = UInt64(values.pick([0, 1, 9, 1 << 18, (1 << 18) + 9]))
        let byteCount = values.chance(90) ? size : WireLimits.contentByteCount
        return ContentDescription(identifier: identifier, byteCount: byteCount)
    }

    /// Mostly the same coordinator.
    mutating func sender() -> CoordinatorIdentity {
        CoordinatorIdentity(
            job: JobIdentifier(high: 7, low: values.chance(98) ? 8 : 9),
            term: values.chance(90) ? 2 : UInt64.random(in: 0...3, using: &values.generator))
    }

    private mutating func welcome() -> Welcome {
        func interval(_ values: inout HostileValues, _ fitting: UInt32) -> UInt32 {
            max(1, values.smallNumber(fitting))
        }
        let digest = SampleMessages.digest(100)
        var settings = RunSettings()
        settings.successorSeconds = min(86_400, Int(interval(&values, 60)))
        settings.checkpointEpochInterval = min(1_000_000, Int(interval(&values, 1)))
        return Welcome(
            workerIdentifier: values.smallNumber(1), experiment: "",
            data: (0..<values.pick([0, 1, 2])).map { _ in content(.data(digest)) },
            state: values.chance(50) ? content(.state(digest)) : nil,
            records: Records(epochs: values.smallNumber(0), savedEpochs: values.smallNumber(0)),
            timing: WorkerTiming(
                heartbeatIntervalMilliseconds: interval(&values, 250),
                coordinatorSilenceMilliseconds: interval(&values, 2000)),
            settings: settings)
    }

    private mutating func contentChunk() -> ContentChunk {
        let count = values.pick([0, 1, 9, 1 << 18])
        let bytes = [UInt8](repeating: 1, count: count)
        let digest = SampleMessages.digest(100)
        return ContentChunk(
            content: values.chance(50) ? .data(digest) : .state(digest),
            chunk: values.smallNumber(values.pick([0, 1])),
            checksum: CRC32C.checksum(bytes), bytes: bytes)
    }

    private mutating func grant(_ generation: UInt64, _ position: Position) -> Grant {
        Grant(
            generation: values.number(generation, extremes: 4),
            stepLimit: values.number(position.completedSteps &+ UInt64(values.pick([1, 2, 9]))),
            records: Records(epochs: values.smallNumber(0), savedEpochs: values.smallNumber(0)))
    }

    private mutating func view(generation: UInt64, position: Position) -> View {
        let counts = (0..<values.pick([0, 1, 2, 3])).map { _ in Int(values.smallNumber(4)) }
        var first = 0
        let members = counts.enumerated().map { rank, count in
            defer { first += count }
            return Member(
                rank: rank, workerIdentifier: 1, name: "", host: "", processIdentifier: 0,
                inboxAddress: values.chance(70) ? inboxAddress : "ipc://\(rank)",
                microBatches: (first & Int(UInt32.max))..<(first & Int(UInt32.max)) + count,
                needsState: values.chance(20))
        }
        return View(
            generation: generation, position: position, holder: Int(values.smallNumber(0)), members: members)
    }
}
