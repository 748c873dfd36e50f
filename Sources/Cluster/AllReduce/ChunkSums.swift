import Collectives
import Core
import Transport

/// The received frames of one rank's all-reduce, and the arithmetic on them: adds chunks, copies finished sums and
/// takes statistics into the memory of the step, and compares checksums while it reads.
///
/// Allocates only when created, as long as no frame is damaged.
final class ChunkSums {
    /// Received payloads by the machine's slots.
    let slots: FrameStore
    private let configuration: AllReduceConfiguration
    private let memory: StepMemory
    private let adder: ChunkAdder
    /// The sums that are read where they were received; nil where all are copied.
    private let shown: ShownSums?
    /// The checksums of the chunks that are to be sent.
    private var checksums: [UInt32?] = []

    /// `largestLayout` has no empty micro-batch.
    init(
        _ configuration: AllReduceConfiguration, largestLayout: AllReduceLayout, memory: StepMemory,
        shown: ShownSums?, add: @escaping VectorAddition
    ) {
        self.configuration = configuration
        self.memory = memory
        self.shown = shown
        // Batches with empty micro-batches may add a frame an owner that only shows that it takes part.
        let attendanceCount = largestLayout.statisticsWidth == 0 ? configuration.ownership.ownerCount : 0
        slots = FrameStore(capacity: largestLayout.slotCount + attendanceCount)
        let schedules = largestLayout.plans.map(\.schedule) + largestLayout.gatheredRoots.map(\.schedule)
        adder = ChunkAdder(
            operandCapacity: schedules.map(\.operandCount).max() ?? 0,
            scratchCount: schedules.map(\.scratchCount).max() ?? 0, add: add)
        checksums.reserveCapacity(largestLayout.chunks.count)
    }

    /// Prepares for a step.
    func begin(_ layout: AllReduceLayout) {
        shown?.begin(layout, half: memory.startedHalf)
        checksums.removeAll(keepingCapacity: true)
        for _ in 0..<layout.chunks.count { checksums.append(nil) }
    }

    /// The checksum of a chunk that was combined or copied; nil where none was computed.
    func checksum(_ index: Int) -> UInt32? { checksums[index] }

    /// Adds the values of a chunk in the tree's order, and releases the received ones. Returns the ordinals of damaged
    /// frames; then there is no sum, and only those are released.
    ///
    /// Roots and intact frames are only read, so the chunk can be combined again when the damaged frames have arrived
    /// once more. `takesChecksum` computes the checksum of the sum for its receivers.
    func combine(_ index: Int, _ layout: AllReduceLayout, takesChecksum: Bool) -> [Int] {
        // A sole owner's only root is the sum.
        if configuration.isSoleOwner { return [] }
        let chunk = layout.chunks[index]
        let operands = layout.operands(of: chunk)
        let begin = configuration.arenaRange(chunk.bucket, chunk.elements).lowerBound
        adder.begin(operandCount: operands.count)
        for operand in operands.indices {
            switch operands[operand] {
            case .local(let vector):
                adder.setLocal(operand, memory.gradient + vector * memory.rootStride + begin)
            case .received(let ordinal):
                let slot = chunk.firstSlot + ordinal
                adder.setReceived(operand, slots.payload(slot), expectedChecksum: slots.checksum(slot))
            }
        }
        let target =
            if case .gather(let root) = chunk.work {
                memory.gradient + layout.vector(ofGatheredRoot: root) * memory.rootStride
            } else {
                memory.sum
            }
        let checksum = adder.run(
            layout.schedule(of: chunk), count: chunk.elements.count, sum: target + begin, takesChecksum: takesChecksum)
        checksums[index] = takesChecksum ? checksum : nil
        guard adder.isIntact else { return releaseDamaged(chunk, layout) }
        for slot in chunk.firstSlot..<chunk.firstSlot + chunk.slotCount { slots.release(slot) }
        return []
    }

    private func releaseDamaged(_ chunk: AllReduceLayout.Chunk, _ layout: AllReduceLayout) -> [Int] {
        var ordinals: [Int] = []
        for (operand, value) in layout.operands(of: chunk).enumerated() where adder.isDamaged(operand) {
            guard case .received(let ordinal) = value else { continue }
            slots.release(chunk.firstSlot + ordinal)
            ordinals.append(ordinal)
        }
        return ordinals
    }

    /// Copies finished sums to their place and releases their frame; false when it is damaged.
    func copyResult(_ index: Int, _ layout: AllReduceLayout) -> Bool {
        let chunk = layout.chunks[index]
        let payload = slots.payload(chunk.firstSlot)
        let target = UnsafeMutableRawPointer(
            memory.sum + configuration.arenaRange(chunk.bucket, chunk.elements).lowerBound)
        let isIntact: Bool
        // Sums that are sent on are read from this worker's own memory.
        if let shown, slots.checksum(chunk.firstSlot) == nil, chunk.receivers.isEmpty {
            shown.take(payload, chunk: index, half: memory.startedHalf, target: target)
            isIntact = true
        } else {
            isIntact = ChunkAdder.copy(payload, to: target, expectedChecksum: slots.checksum(chunk.firstSlot))
        }
        checksums[index] = slots.checksum(chunk.firstSlot)
        slots.release(chunk.firstSlot)
        return isIntact
    }

    /// Copies the statistics of an owner to their place and releases their frame; false when it is damaged.
    func takeStatistics(_ slot: Int, of owner: Int, _ layout: AllReduceLayout) -> Bool {
        let payload = slots.payload(slot)
        defer { slots.release(slot) }
        if let expected = slots.checksum(slot), CRC32C.checksum(payload) != expected { return false }
        let first = configuration.statistics(of: owner, width: layout.statisticsWidth).lowerBound
        UnsafeMutableRawBufferPointer(start: memory.statistics + first, count: payload.count).copyMemory(from: payload)
        return true
    }
}
