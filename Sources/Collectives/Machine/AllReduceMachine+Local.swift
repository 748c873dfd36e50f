extension AllReduceMachine {
    /// All roots of a bucket are computed and stay unchanged until their frames are sent. A learner need not say so.
    ///
    /// - Precondition: the step runs and the bucket was not ready before, or this worker is a learner.
    package mutating func bucketReady(_ bucket: Int) {
        if layout.isLearner { return }
        precondition(isRunning && !bucketIsReady[bucket], "a bucket becomes ready once a step")
        bucketIsReady[bucket] = true
        bucketReadyMoments[bucket] = emptyInboxCount
        askForContributions(bucket)
        for chunk in layout.bucketChunks[bucket] where layout.chunks[chunk].source == nil {
            combineIfPossible(chunk)
        }
        finishBucketIfComplete(bucket)
    }

    /// The statistics of this worker's micro-batches are in place. A learner need not say so.
    ///
    /// - Precondition: the step runs, has statistics, and this was not said before, or this worker is a learner.
    package mutating func statisticsReady() {
        if layout.isLearner { return }
        let slot = layout.firstStatisticsSlot + rank
        precondition(isRunning && layout.statisticsWidth > 0 && !slotIsFilled[slot], "statistics come once a step")
        slotIsFilled[slot] = true
        statisticsReadyMoment = emptyInboxCount
        if layout.workerCount > 1 { actions.append(.sendStatistics) }
        statisticsMissingCount -= 1
        finishStepIfComplete()
    }

    private mutating func askForContributions(_ bucket: Int) {
        let plan = layout.plans[bucket]
        switch plan.algorithm {
        case .alone:
            return
        case .direct:
            let all = 0..<plan.elementCount
            for index in 0..<plan.chunkCount(of: all) {
                askForRoots(bucket, elements: plan.chunk(index, of: all), destination: .everyOther)
            }
        case .scatterGather:
            // Each rank begins with its right neighbour, so that no worker is everybody's first.
            let mostChunks = plan.segments.reduce(0) { max($0, plan.chunkCount(of: $1)) }
            for index in 0..<mostChunks {
                for distance in 1..<plan.workerCount {
                    let destination = (rank + distance) % plan.workerCount
                    let segment = plan.segments[destination]
                    guard index < plan.chunkCount(of: segment) else { continue }
                    askForRoots(bucket, elements: plan.chunk(index, of: segment), destination: .rank(destination))
                }
            }
        }
    }

    private mutating func askForRoots(
        _ bucket: Int, elements: Range<Int>, destination: AllReduceAction.Destination
    ) {
        for (index, node) in layout.program.roots.enumerated() {
            actions.append(
                .sendContribution(
                    bucket: bucket, elements: elements, rootIndex: index, node: node, destination: destination))
        }
    }

    mutating func combineIfPossible(_ index: Int) {
        let chunk = layout.chunks[index]
        guard bucketIsReady[chunk.bucket], chunkMissingCounts[index] == 0 else { return }
        actions.append(.combine(chunk: index))
        if layout.plans[chunk.bucket].algorithm == .scatterGather { actions.append(.sendResult(chunk: index)) }
    }

    mutating func finishBucketIfComplete(_ bucket: Int) {
        guard bucketIsReady[bucket], bucketOpenChunkCounts[bucket] == 0 else { return }
        bucketOpenChunkCounts[bucket] = -1
        openBucketCount -= 1
        actions.append(.bucketDone(bucket: bucket))
        finishStepIfComplete()
    }
}
