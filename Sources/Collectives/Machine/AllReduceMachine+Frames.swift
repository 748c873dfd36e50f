extension AllReduceMachine {
    /// A frame arrived; its header is decoded, its payload of `payloadByteCount` bytes not yet looked at.
    package mutating func frameReceived(_ header: FrameHeader, payloadByteCount: Int) -> FrameVerdict {
        if header.job != job {
            dropped.otherJob += 1
            return .drop
        }
        if header.generation < generation && safeguards.checksGeneration {
            dropped.earlierGeneration += 1
            return .drop
        }
        let isWhole = header.payloadByteCount == payloadByteCount
        if header.generation > generation { return isWhole && header.kind != .resend ? .early : .drop }
        // Nobody of this view says so: it is not worth ending a step for.
        guard header.sender != rank, header.sender < layout.workerCount else {
            dropped.unknownSender += 1
            return .drop
        }
        guard isWhole else { return cut(header, payloadByteCount) }
        if header.kind == .resend { return answer(header) }
        if !hasBegun || header.step > step { return .early }
        if header.step < step {
            dropped.earlierStep += 1
            return .drop
        }
        switch header.kind {
        case .contribution: return takeContribution(header)
        case .result: return takeResult(header)
        case .statistics: return takeStatistics(header)
        case .resend: return .drop
        }
    }

    private mutating func cut(_ header: FrameHeader, _ byteCount: Int) -> FrameVerdict {
        let expected = header.payloadByteCount
        let reason = PeerFault.Reason.wrongPayloadLength(byteCount: byteCount, expectedByteCount: expected)
        return countDamage(by: header.sender, reason).map { .refuse($0) } ?? .drop
    }

    private mutating func takeContribution(_ header: FrameHeader) -> FrameVerdict {
        guard header.bucket < layout.plans.count, header.node < layout.receivedOrdinals.count,
            layout.receivedOrdinals[header.node] >= 0,
            layout.ownership.runs[header.sender].contains(layout.ownership.tree.leaves(of: header.node).lowerBound),
            let index = layout.chunkIndex(bucket: header.bucket, elementOffset: header.elementOffset, source: nil),
            layout.chunks[index].elements.count == header.elementCount
        else { return unplanned(header) }
        let slot = layout.chunks[index].firstSlot + layout.receivedOrdinals[header.node]
        guard fill(slot) else { return .drop }
        chunkMissingCounts[index] -= 1
        combineIfPossible(index)
        return .keep(slot: slot)
    }

    private mutating func takeResult(_ header: FrameHeader) -> FrameVerdict {
        guard header.bucket < layout.plans.count, header.node == 0,
            let index = layout.chunkIndex(
                bucket: header.bucket, elementOffset: header.elementOffset, source: header.sender),
            layout.chunks[index].elements.count == header.elementCount
        else { return unplanned(header) }
        let slot = layout.chunks[index].firstSlot
        guard fill(slot) else { return .drop }
        chunkMissingCounts[index] -= 1
        actions.append(.copyResult(chunk: index))
        return .keep(slot: slot)
    }

    private mutating func takeStatistics(_ header: FrameHeader) -> FrameVerdict {
        let width = layout.statisticsWidth
        guard width > 0, !layout.ownership.isLearner(header.sender),
            header.elementCount == width * layout.ownership.runs[header.sender].count,
            header.elementOffset == 0, header.bucket == 0, header.node == 0
        else { return unplanned(header) }
        let slot = layout.firstStatisticsSlot + header.sender
        guard fill(slot) else { return .drop }
        actions.append(.takeStatistics(slot: slot, rank: header.sender))
        return .keep(slot: slot)
    }

    private mutating func fill(_ slot: Int) -> Bool {
        if slotIsFilled[slot] && safeguards.dropsDuplicates {
            dropped.duplicate += 1
            return false
        }
        slotIsFilled[slot] = true
        return true
    }

    private func refuse(_ header: FrameHeader, _ reason: PeerFault.Reason) -> FrameVerdict {
        .refuse(PeerFault(rank: header.sender, reason: reason))
    }

    func unplanned(_ header: FrameHeader) -> FrameVerdict {
        refuse(
            header,
            .unplannedFrame(
                kind: header.kind, bucket: header.bucket, elementOffset: header.elementOffset,
                elementCount: header.elementCount, node: header.node))
    }
}
