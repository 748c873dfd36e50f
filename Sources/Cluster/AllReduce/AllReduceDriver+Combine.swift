import Collectives
import Transport

extension AllReduceDriver {
    /// Adds the roots of a chunk in the tree's order, block by block, taking the checksum of each received block just
    /// before it is added.
    func combine(_ index: Int) throws(AllReduceError) {
        let layout = machine.layout
        let chunk = layout.chunks[index]
        let plan = layout.plans[chunk.bucket]
        // A sole owner's only root is the sum.
        if configuration.isSoleOwner { return machine.chunkSummed(index) }
        let begin = configuration.buckets[chunk.bucket].lowerBound + chunk.elements.lowerBound
        blocks.begin(operandCount: layout.operands.count)
        for operand in 0..<layout.operands.count {
            switch layout.operands[operand] {
            case .local(let root):
                blocks.setLocal(operand, gradient + root * rootStride + begin)
            case .received(let ordinal):
                let slot = chunk.firstSlot + ordinal
                blocks.setReceived(operand, slots.payload(slot), expectedChecksum: slots.checksum(slot))
            }
        }
        let takesChecksum = plan.algorithm == .scatterGather
        let checksum = blocks.run(
            plan.schedule, count: chunk.elements.count, sum: sum + begin, arithmetic: arithmetic,
            takesChecksum: takesChecksum)
        resultChecksums[index] = checksum
        guard blocks.isIntact else { return try dropDamaged(index) }
        for slot in chunk.firstSlot..<chunk.firstSlot + chunk.slotCount { slots.release(slot) }
        machine.chunkSummed(index)
    }

    /// Empties the slots of damaged operands. The roots and the intact frames stay as they are, and the chunk is combined
    /// anew when the damaged ones have come again.
    private func dropDamaged(_ index: Int) throws(AllReduceError) {
        let layout = machine.layout
        for operand in 0..<layout.operands.count where blocks.isDamaged(operand) {
            guard case .received(let ordinal) = layout.operands[operand] else { continue }
            slots.release(layout.chunks[index].firstSlot + ordinal)
            try check(machine.frameDamaged(chunk: index, ordinal: ordinal))
        }
    }

    private func check(_ fault: PeerFault?) throws(AllReduceError) {
        if let fault { throw fail(.peerFault(fault)) }
    }

    /// Copies finished sums to their place, block by block with their checksum.
    func copyResult(_ index: Int) throws(AllReduceError) {
        let chunk = machine.layout.chunks[index]
        let begin = configuration.buckets[chunk.bucket].lowerBound + chunk.elements.lowerBound
        let payload = slots.payload(chunk.firstSlot)
        let target = UnsafeMutableRawBufferPointer(start: sum + begin, count: 4 * chunk.elements.count)
        var checksum: UInt32 = 0
        var offset = 0
        while offset < payload.count {
            let end = min(offset + 4 * AllReduceTuning.blockElementCount, payload.count)
            let block = UnsafeRawBufferPointer(rebasing: payload[offset..<end])
            checksum = arithmetic.checksum(block, checksum)
            UnsafeMutableRawBufferPointer(rebasing: target[offset..<end]).copyMemory(from: block)
            offset = end
        }
        let isIntact = checksum == slots.checksum(chunk.firstSlot)
        slots.release(chunk.firstSlot)
        guard isIntact else { return try check(machine.frameDamaged(chunk: index, ordinal: 0)) }
        machine.chunkSummed(index)
    }

    func takeStatistics(_ slot: Int, from rank: Int) throws(AllReduceError) {
        let payload = slots.payload(slot)
        guard arithmetic.checksum(payload, 0) == slots.checksum(slot) else {
            slots.release(slot)
            return try check(machine.statisticsDamaged(from: rank))
        }
        let first = configuration.ownership.runs[rank].lowerBound * machine.layout.statisticsWidth
        UnsafeMutableRawBufferPointer(start: statistics + first, count: payload.count).copyMemory(from: payload)
        slots.release(slot)
        machine.statisticsTaken(from: rank)
    }
}
