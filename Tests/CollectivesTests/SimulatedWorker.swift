@testable import Collectives

/// Something happened that must never happen.
struct Violation: Error, CustomStringConvertible {
    var description: String
}

struct SimulatedFrame {
    var label: FrameLabel
    var floats: [Float] = []
    var doubles: [Double] = []
    /// Whether the payload's checksum would be found wrong.
    var isDamaged = false

    var payloadByteCount: Int { 4 * floats.count + 8 * doubles.count }
}

/// A model of one worker's driver: it carries out each action on plain arrays and stops the test when the machine asks
/// for something impossible: a slot that holds nothing, elements that were not summed yet, a frame that does not
/// belong.
final class SimulatedWorker {
    /// What a step computes and receives.
    struct Memory {
        var roots: [[[Float]]] = []  // [root][bucket][element]
        var results: [[Float?]] = []
        var statistics: [Double?] = []
    }

    var machine: AllReduceMachine
    var memory = Memory()
    /// That of the step before.
    var previousMemory = Memory()
    var slots: [Int: SimulatedFrame] = [:]
    /// Slots whose frame was taken in this step.
    var usedSlots: Set<Int> = []
    var held: [SimulatedFrame] = []
    var doneBuckets: [Int] = []
    var stepIsDone = false
    var elementCountSent: [Int] = []
    var refused: PeerFault?
    /// Actions and verdicts, when they are kept.
    var trace: SimulationTrace?
    private var emptyInboxCount: UInt64 = 0

    init(machine: consuming AllReduceMachine) {
        self.machine = machine
    }

    /// Begins a step; `memory` has this worker's roots and statistics.
    func begin(step: UInt64, layout: AllReduceLayout, _ memory: Memory) throws {
        previousMemory = self.memory
        self.memory = memory
        self.memory.results = layout.plans.map { Array(repeating: nil, count: $0.elementCount) }
        // A gathered root that is read before it is summed changes bits.
        for _ in layout.gatheredRoots {
            self.memory.roots.append(layout.plans.map { Array(repeating: .nan, count: $0.elementCount) })
        }
        stepIsDone = false
        doneBuckets = []
        usedSlots = []
        elementCountSent = layout.plans.map { _ in 0 }
        machine.begin(step: step, layout: layout)
        if layout.statisticsAreAttendance {
            self.memory.statistics = Array(repeating: 0, count: layout.ownership.microBatchCount)
            machine.statisticsReady()
        }
        let early = held
        held = []
        for frame in early { _ = try offer(frame) }
    }

    func findInboxEmpty() {
        emptyInboxCount += 1
        machine.inboxFoundEmpty(times: emptyInboxCount)
    }

    /// Runs one action; false when there is none.
    func runAction(send: (SimulatedFrame, AllReduceAction.Destination) -> Void) throws -> Bool {
        guard let action = machine.nextAction() else { return false }
        trace?.note(action)
        let layout = machine.layout
        switch action {
        case .sendContribution(let bucket, let elements, let root, let node, let destination):
            send(frame(.contribution, bucket: bucket, elements, rootIndex: root, node: node, memory), destination)
        case .sendSums(let chunk): try sendSums(layout.chunks[chunk], layout, send)
        case .sendStatistics:
            send(statistics(.statistics, of: layout.rank, layout), .ranks(layout.statisticsReceivers))
        case .relayStatistics(let owner):
            send(statistics(.relayedStatistics, of: owner, layout), .ranks(layout.relayReceivers))
        case .combine(let chunk): try combine(chunk, layout)
        case .copyResult(let chunk): try copy(chunk, layout)
        case .takeStatistics(let slot, let owner): try takeStatistics(slot, of: owner, layout)
        case .request(let request): send(self.request(request), .rank(request.rank))
        case .bucketDone(let bucket):
            guard memory.results[bucket].allSatisfy({ $0 != nil }) else {
                throw Violation(description: "bucket \(bucket) is called done with elements missing")
            }
            doneBuckets.append(bucket)
        case .stepDone:
            guard slots.isEmpty else { throw Violation(description: "a step ends with frames left in slots") }
            stepIsDone = true
        }
        return true
    }

    /// A frame arrived; returns the frame to send again when it was a request.
    func offer(_ frame: SimulatedFrame) throws -> SimulatedFrame? {
        let verdict = machine.frameReceived(frame.label, isWhole: true)
        trace?.note(verdict)
        switch verdict {
        case .keep(let slot):
            guard frame.label.generation == machine.generation else {
                throw Violation(description: "a frame of generation \(frame.label.generation) is accepted")
            }
            guard slots[slot] == nil, !usedSlots.contains(slot) else {
                throw Violation(description: "a frame is accepted twice")
            }
            slots[slot] = frame
        case .early: held.append(frame)
        case .drop, .elsewhere: break
        case .refuse(let fault): refused = fault
        case .answer(let answer):
            let source = answer.isOfPreviousStep ? previousMemory : memory
            var again = self.frame(
                answer.kind, bucket: answer.bucket, answer.elements, rootIndex: answer.rootIndex, node: answer.node,
                source)
            again.label.step = answer.step
            return again
        }
        return nil
    }

    private func frame(
        _ kind: FrameKind, bucket: Int, _ elements: Range<Int>, rootIndex: Int = 0, node: Int = 0, _ memory: Memory
    ) -> SimulatedFrame {
        let layout = machine.layout
        let label = FrameLabel(
            kind: kind, job: machine.job, generation: machine.generation, step: machine.step, bucket: bucket,
            elementOffset: elements.lowerBound, elementCount: elements.count, sender: layout.rank, node: node)
        var frame = SimulatedFrame(label: label)
        switch kind {
        case .contribution: frame.floats = Array(memory.roots[rootIndex][bucket][elements])
        case .result: frame.floats = memory.results[bucket][elements].map { $0 ?? .nan }
        case .statistics, .relayedStatistics, .resend:
            let owner = kind == .relayedStatistics ? node : layout.rank
            let begin = layout.ownership.runs[owner].lowerBound * layout.statisticsWidth
            frame.doubles = memory.statistics[begin..<begin + elements.count].map { $0 ?? .nan }
        }
        return frame
    }

    private func statistics(_ kind: FrameKind, of owner: Int, _ layout: AllReduceLayout) -> SimulatedFrame {
        let count = layout.ownership.runs[owner].count * layout.statisticsWidth
        return frame(kind, bucket: 0, 0..<count, node: kind == .relayedStatistics ? owner : 0, memory)
    }

    private func sendSums(
        _ part: AllReduceLayout.Chunk, _ layout: AllReduceLayout,
        _ send: (SimulatedFrame, AllReduceAction.Destination) -> Void
    ) throws {
        if case .gather(let root) = part.work {
            let sums = frame(
                .contribution, bucket: part.bucket, part.elements, rootIndex: layout.vector(ofGatheredRoot: root),
                node: layout.gatheredRoots[root].node, memory)
            return send(sums, .ranks(part.receivers))
        }
        guard memory.results[part.bucket][part.elements].allSatisfy({ $0 != nil }) else {
            throw Violation(description: "a result is sent before it is summed")
        }
        send(frame(.result, bucket: part.bucket, part.elements, memory), .ranks(part.receivers))
    }

    private func request(_ request: FrameRequest) -> SimulatedFrame {
        SimulatedFrame(
            label: FrameLabel(
                kind: .resend, job: machine.job, generation: machine.generation, step: machine.step,
                bucket: request.bucket, elementOffset: request.elements.lowerBound,
                elementCount: request.elements.count, sender: machine.rank, node: request.node,
                requestedKind: request.kind))
    }

    private func combine(_ chunk: Int, _ layout: AllReduceLayout) throws {
        let part = layout.chunks[chunk]
        var isIntact = true
        for ordinal in 0..<part.slotCount {
            guard let frame = slots[part.firstSlot + ordinal] else {
                throw Violation(description: "slot \(part.firstSlot + ordinal) is asked for and holds nothing")
            }
            guard frame.isDamaged else { continue }
            isIntact = false
            slots[part.firstSlot + ordinal] = nil
            refused = machine.frameDamaged(chunk: chunk, ordinal: ordinal) ?? refused
        }
        guard isIntact else { return }
        var values = try layout.operands(of: part).map { operand throws -> [Float] in
            switch operand {
            case .local(let index): Array(memory.roots[index][part.bucket][part.elements])
            case .received(let ordinal): try take(part.firstSlot + ordinal).floats
            }
        }
        for addition in layout.schedule(of: part).additions {
            values.append(zip(values[addition.left], values[addition.right]).map { $0 + $1 })
        }
        let sum = values.last ?? []
        if case .gather(let root) = part.work {
            memory.roots[layout.vector(ofGatheredRoot: root)][part.bucket].replaceSubrange(part.elements, with: sum)
        } else {
            for (index, value) in zip(part.elements, sum) { memory.results[part.bucket][index] = value }
        }
        machine.chunkSummed(chunk)
    }

    private func copy(_ chunk: Int, _ layout: AllReduceLayout) throws {
        let part = layout.chunks[chunk]
        let frame = try take(part.firstSlot)
        if frame.isDamaged {
            usedSlots.remove(part.firstSlot)
            refused = machine.frameDamaged(chunk: chunk, ordinal: 0) ?? refused
            return
        }
        for (index, value) in zip(part.elements, frame.floats) { memory.results[part.bucket][index] = value }
        machine.chunkSummed(chunk)
    }

    private func takeStatistics(_ slot: Int, of owner: Int, _ layout: AllReduceLayout) throws {
        let frame = try take(slot)
        if frame.isDamaged {
            usedSlots.remove(slot)
            refused = machine.statisticsDamaged(of: owner) ?? refused
            return
        }
        let begin = layout.ownership.runs[owner].lowerBound * layout.statisticsWidth
        for (index, value) in frame.doubles.enumerated() { memory.statistics[begin + index] = value }
        machine.statisticsTaken(of: owner)
    }

    private func take(_ slot: Int) throws -> SimulatedFrame {
        guard let frame = slots.removeValue(forKey: slot) else {
            throw Violation(description: "slot \(slot) is asked for and holds nothing")
        }
        usedSlots.insert(slot)
        return frame
    }
}
