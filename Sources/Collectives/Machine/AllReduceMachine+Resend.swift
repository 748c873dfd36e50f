extension AllReduceMachine {
    /// The inbox of this worker has been found empty so often, by whichever of its machines looked. Questions that come after
    /// it was empty again were asked knowing what was sent until then, as far as the network delivered it.
    package mutating func inboxFoundEmpty(times count: UInt64) {
        emptyInboxCount = count
    }

    /// Another rank asks for a frame: says which one to send again, if this worker has sent it.
    func answer(_ header: FrameHeader) -> FrameVerdict {
        if let previous, header.step == previous.step {
            return answer(header, previous.layout, isOfPreviousStep: true)
        }
        guard hasBegun, header.step == step else { return .elsewhere }
        return answer(header, layout, isOfPreviousStep: false)
    }

    private func answer(_ header: FrameHeader, _ layout: AllReduceLayout, isOfPreviousStep: Bool) -> FrameVerdict {
        guard let wanted = header.requestedKind,
            let answer = planned(wanted, header, layout, isOfPreviousStep: isOfPreviousStep)
        else { return unplanned(header) }
        let moment = isOfPreviousStep ? beginMoment : sendingMoment(answer)
        return moment < emptyInboxCount ? .answer(answer) : .drop
    }

    /// The frame that a question names, if it is one that the plan makes this worker send to who asks.
    private func planned(
        _ wanted: FrameKind, _ header: FrameHeader, _ layout: AllReduceLayout, isOfPreviousStep: Bool
    ) -> FrameAnswer? {
        var answer = FrameAnswer(
            rank: header.sender, isOfPreviousStep: isOfPreviousStep, step: header.step, kind: wanted,
            bucket: header.bucket, elements: 0..<0, rootIndex: 0, node: header.node)
        switch wanted {
        case .contribution:
            guard let root = layout.program.roots.firstIndex(of: header.node),
                let elements = layout.frameElements(
                    bucket: header.bucket, elementOffset: header.elementOffset, segmentOf: header.sender)
            else { return nil }
            answer.rootIndex = root
            answer.elements = elements
        case .result:
            guard header.node == 0,
                let elements = layout.frameElements(
                    bucket: header.bucket, elementOffset: header.elementOffset, segmentOf: rank),
                layout.plans[header.bucket].algorithm == .scatterGather
            else { return nil }
            answer.elements = elements
        case .statistics:
            guard header.node == 0, header.bucket == 0, header.elementOffset == 0, layout.statisticsWidth > 0,
                !layout.isLearner
            else { return nil }
            answer.elements = 0..<layout.statisticsWidth * layout.ownership.runs[rank].count
        case .resend: return nil
        }
        return answer.elements.count == header.elementCount ? answer : nil
    }

    /// When a frame of the step that began last could be sent.
    private func sendingMoment(_ answer: FrameAnswer) -> UInt64 {
        switch answer.kind {
        case .contribution: return bucketReadyMoments[answer.bucket]
        case .result:
            let index = layout.chunkIndex(
                bucket: answer.bucket, elementOffset: answer.elements.lowerBound, source: nil)
            return index.map { chunkSummedMoments[$0] } ?? Self.notYet
        case .statistics: return statisticsReadyMoment
        case .resend: return Self.notYet
        }
    }
}
