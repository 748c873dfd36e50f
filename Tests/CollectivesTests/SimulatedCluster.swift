import Collectives

/// A model of what lies outside the machines: memory, and a network that delivers in any order, twice if asked.
///
/// It carries out each action on plain arrays and stops the test when a machine asks for something impossible: a slot
/// that holds nothing, elements that were not summed yet, more bytes than the plan allows.
final class SimulatedCluster {
    struct Frame {
        var header: FrameHeader
        var floats: [Float] = []
        var doubles: [Double] = []
    }

    final class Worker {
        var machine: AllReduceMachine
        var roots: [[[Float]]] = []  // [root][bucket][element]
        var results: [[Float?]] = []
        var statistics: [Double?] = []
        var slots: [Int: Frame] = [:]
        var held: [Frame] = []
        var doneBuckets: [Int] = []
        var stepIsDone = false
        var byteCountSent: [Int] = []
        var refused: PeerFault?

        init(machine: consuming AllReduceMachine) {
            self.machine = machine
        }
    }

    struct Violation: Error, CustomStringConvertible {
        var description: String
    }

    static let job = JobIdentifier(high: 1, low: 2)
    let ownership: Ownership
    let bucketCounts: [Int]
    let width: Int
    var workers: [Worker] = []
    var network: [(destination: Int, frame: Frame)] = []
    var generator: SeededGenerator
    var duplicates = false

    init(ownership: Ownership, bucketCounts: [Int], statisticsWidth: Int, seed: UInt64) {
        self.ownership = ownership
        self.bucketCounts = bucketCounts
        width = statisticsWidth
        generator = SeededGenerator(seed: seed)
        for rank in 0..<ownership.workerCount {
            workers.append(
                Worker(machine: AllReduceMachine(job: Self.job, generation: 5, layout: layout(rank, batchSize: 1))))
        }
    }

    func layout(_ rank: Int, batchSize: Int) -> AllReduceLayout {
        AllReduceLayout(
            rank: rank, ownership: ownership, batchSize: batchSize, bucketElementCounts: bucketCounts,
            statisticsWidth: width)
    }

    /// Runs one action of one worker; false when it has none.
    func runAction(_ rank: Int) throws -> Bool {
        let worker = workers[rank]
        guard let action = worker.machine.nextAction() else { return false }
        let layout = worker.machine.layout
        switch action {
        case .sendContribution(let bucket, let elements, let root, let node, let destination):
            let values = Array(worker.roots[root][bucket][elements])
            let header = header(worker, .contribution, bucket, elements.lowerBound, values.count, rank, node)
            send(Frame(header: header, floats: values), from: rank, to: destination)
        case .sendResult(let chunk):
            let part = layout.chunks[chunk]
            let values = try worker.results[part.bucket][part.elements].map { value throws -> Float in
                guard let value else { throw Violation(description: "a result is sent before it is summed") }
                return value
            }
            let header = header(worker, .result, part.bucket, part.elements.lowerBound, values.count, rank, 0)
            send(Frame(header: header, floats: values), from: rank, to: .everyOther)
        case .sendStatistics:
            let run = ownership.runs[rank]
            let values = worker.statistics[run.lowerBound * width..<run.upperBound * width].compactMap { $0 }
            let header = header(worker, .statistics, 0, 0, values.count, rank, 0)
            send(Frame(header: header, doubles: values), from: rank, to: .everyOther)
        case .combine(let chunk):
            try combine(layout.chunks[chunk], worker, layout)
        case .copyResult(let chunk):
            let part = layout.chunks[chunk]
            let values = try take(part.firstSlot, worker).floats
            for (index, value) in zip(part.elements, values) { worker.results[part.bucket][index] = value }
        case .takeStatistics(let slot, let sender):
            let values = try take(slot, worker).doubles
            let begin = ownership.runs[sender].lowerBound * width
            for (index, value) in values.enumerated() { worker.statistics[begin + index] = value }
        case .bucketDone(let bucket):
            guard worker.results[bucket].allSatisfy({ $0 != nil }) else {
                throw Violation(description: "bucket \(bucket) is called done with elements missing")
            }
            worker.doneBuckets.append(bucket)
        case .stepDone:
            guard worker.slots.isEmpty else { throw Violation(description: "a step ends with frames left in slots") }
            worker.stepIsDone = true
        }
        return true
    }

    private func take(_ slot: Int, _ worker: Worker) throws -> Frame {
        guard let frame = worker.slots.removeValue(forKey: slot) else {
            throw Violation(description: "slot \(slot) is asked for and holds nothing")
        }
        return frame
    }

    private func combine(_ part: AllReduceLayout.Chunk, _ worker: Worker, _ layout: AllReduceLayout) throws {
        var values = try layout.operands.map { operand throws -> [Float] in
            switch operand {
            case .local(let index): Array(worker.roots[index][part.bucket][part.elements])
            case .received(let ordinal): try take(part.firstSlot + ordinal, worker).floats
            }
        }
        for addition in layout.plans[part.bucket].schedule.additions {
            values.append(zip(values[addition.left], values[addition.right]).map { $0 + $1 })
        }
        for (index, value) in zip(part.elements, values.last ?? []) { worker.results[part.bucket][index] = value }
    }

    private func header(
        _ worker: Worker, _ kind: FrameKind, _ bucket: Int, _ offset: Int, _ count: Int, _ rank: Int, _ node: Int
    ) -> FrameHeader {
        FrameHeader(
            kind: kind, job: Self.job, generation: 5, step: worker.machine.step, bucket: bucket, elementOffset: offset,
            elementCount: count, sender: rank, node: node, payloadChecksum: 0)
    }

    private func send(_ frame: Frame, from rank: Int, to destination: AllReduceAction.Destination) {
        for other in 0..<workers.count where other != rank {
            if case .rank(let only) = destination, only != other { continue }
            if frame.header.kind != .statistics {
                workers[rank].byteCountSent[frame.header.bucket] += 4 * frame.floats.count
            }
            network.append((other, frame))
            if duplicates && Bool.random(using: &generator) { network.append((other, frame)) }
        }
    }

    /// Delivers one frame, chosen at random.
    func deliver() {
        let (destination, frame) = network.remove(at: Int.random(in: 0..<network.count, using: &generator))
        offer(frame, to: workers[destination])
    }

    func offer(_ frame: Frame, to worker: Worker) {
        let byteCount = 4 * frame.floats.count + 8 * frame.doubles.count
        switch worker.machine.frameReceived(frame.header, payloadByteCount: byteCount) {
        case .keep(let slot): worker.slots[slot] = frame
        case .early: worker.held.append(frame)
        case .drop: break
        case .refuse(let fault): worker.refused = fault
        }
    }
}
