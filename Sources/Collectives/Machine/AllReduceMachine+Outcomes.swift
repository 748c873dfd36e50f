extension AllReduceMachine {
    /// A chunk's sums are in place: it was combined or copied from intact frames.
    package mutating func chunkSummed(_ index: Int) {
        precondition(chunkSummedMoments[index] == Self.notYet, "a chunk is summed once a step")
        chunkSummedMoments[index] = emptyInboxCount
        let bucket = layout.chunks[index].bucket
        bucketOpenChunkCounts[bucket] -= 1
        finishBucketIfComplete(bucket)
    }

    /// The frame in a slot of a chunk turned out to be damaged when it was added or copied: the slot is empty again, and
    /// the frame is asked for. Returns the fault when its sender has sent too many such frames in this step.
    package mutating func frameDamaged(chunk index: Int, ordinal: Int) -> PeerFault? {
        let slot = layout.chunks[index].firstSlot + ordinal
        precondition(slotIsFilled[slot], "a damaged frame was in its slot")
        slotIsFilled[slot] = false
        chunkMissingCounts[index] += 1
        let request = request(chunk: index, ordinal: ordinal)
        actions.append(.request(request))
        return countDamage(by: request.rank, .damagedPayload(bucket: request.bucket))
    }

    /// The statistics of another worker are in place.
    package mutating func statisticsTaken(from sender: Int) {
        statisticsMissingCount -= 1
        finishStepIfComplete()
    }

    /// The statistics of another worker were damaged: they are asked for again. Returns the fault when that rank has sent
    /// too many damaged frames in this step.
    package mutating func statisticsDamaged(from sender: Int) -> PeerFault? {
        let slot = layout.firstStatisticsSlot + sender
        precondition(slotIsFilled[slot], "damaged statistics were in their slot")
        slotIsFilled[slot] = false
        actions.append(.request(statisticsRequest(sender)))
        return countDamage(by: sender, .damagedPayload(bucket: 0))
    }

    mutating func countDamage(by sender: Int, _ reason: PeerFault.Reason) -> PeerFault? {
        dropped.damaged += 1
        damagedFrameCounts[sender] += 1
        guard damagedFrameCounts[sender] >= Self.damagedFrameLimit else { return nil }
        return PeerFault(rank: sender, reason: reason)
    }
}
