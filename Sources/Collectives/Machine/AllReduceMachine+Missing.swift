extension AllReduceMachine {
    /// No rank is asked for more frames at once.
    static let requestLimit = 64

    /// Who is waited for: the first frame, in the order of the plan, that has not arrived. Nil when none is missing.
    package var firstMissing: MissingFrame? {
        var first: MissingFrame?
        forEachMissing { request in
            first = MissingFrame(rank: request.rank, kind: request.kind, bucket: request.bucket)
            return false
        }
        return first
    }

    /// Nothing that helps has come for some time: asks for the frames that are missing, some of each rank if they are many.
    package mutating func askAgain() {
        var counts = Array(repeating: 0, count: layout.workerCount)
        var requests: [AllReduceAction] = []
        forEachMissing { request in
            counts[request.rank] += 1
            if counts[request.rank] <= Self.requestLimit { requests.append(.request(request)) }
            return true
        }
        actions.append(contentsOf: requests)
    }

    /// Calls `body` with the missing frames, in the order of the plan, until it returns false.
    private func forEachMissing(_ body: (FrameRequest) -> Bool) {
        guard isRunning else { return }
        for (index, chunk) in layout.chunks.enumerated() {
            for ordinal in 0..<chunk.slotCount where !slotIsFilled[chunk.firstSlot + ordinal] {
                guard body(request(chunk: index, ordinal: ordinal)) else { return }
            }
        }
        guard layout.statisticsWidth > 0 else { return }
        for sender in 0..<layout.ownership.ownerCount
        where sender != rank && !slotIsFilled[layout.firstStatisticsSlot + sender] {
            guard body(statisticsRequest(sender)) else { return }
        }
    }

    /// The frame that belongs in a slot of a chunk.
    func request(chunk index: Int, ordinal: Int) -> FrameRequest {
        let chunk = layout.chunks[index]
        if let source = chunk.source {
            return FrameRequest(rank: source, kind: .result, bucket: chunk.bucket, elements: chunk.elements, node: 0)
        }
        let root = layout.receivedRoots[ordinal]
        return FrameRequest(
            rank: root.owner, kind: .contribution, bucket: chunk.bucket, elements: chunk.elements, node: root.node)
    }

    func statisticsRequest(_ sender: Int) -> FrameRequest {
        let count = layout.statisticsWidth * layout.ownership.runs[sender].count
        return FrameRequest(rank: sender, kind: .statistics, bucket: 0, elements: 0..<count, node: 0)
    }
}
