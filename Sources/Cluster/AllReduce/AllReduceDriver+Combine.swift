internal import Collectives
internal import Transport

extension AllReduceDriver {
    /// Adds the roots of a chunk in the tree's order, block by block, taking the checksum of each received block just
    /// before it is added.
    func combine(_ index: Int) throws(AllReduceError) {
        let layout = machine.layout
        let chunk = layout.chunks[index]
        let plan = layout.plans[chunk.bucket]
        // A lone worker's only root is the sum.
        if plan.algorithm == .alone { return }
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
        if let operand = blocks.damagedOperand {
            throw fail(damaged(rank: plan.roots[operand].owner, bucket: chunk.bucket))
        }
        for slot in chunk.firstSlot..<chunk.firstSlot + chunk.slotCount { slots.release(slot) }
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
        guard checksum == slots.checksum(chunk.firstSlot) else {
            throw fail(damaged(rank: chunk.source ?? configuration.rank, bucket: chunk.bucket))
        }
        slots.release(chunk.firstSlot)
    }

    func takeStatistics(_ slot: Int, from rank: Int) throws(AllReduceError) {
        let payload = slots.payload(slot)
        guard arithmetic.checksum(payload, 0) == slots.checksum(slot) else {
            throw fail(damaged(rank: rank, bucket: 0))
        }
        let first = configuration.ownership.runs[rank].lowerBound * configuration.statisticsWidth
        UnsafeMutableRawBufferPointer(start: statisticsMemory + first, count: payload.count).copyMemory(from: payload)
        slots.release(slot)
    }

    private func damaged(rank: Int, bucket: Int) -> AllReduceError {
        .peerFault(PeerFault(rank: rank, reason: .damagedPayload(bucket: bucket)))
    }
}
