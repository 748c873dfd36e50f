@testable import Collectives

extension AllReduceSimulation {
    /// One turn of a worker: it enters a generation, begins, computes, acts or asks.
    func live(_ rank: Int) throws {
        let worker = processes[rank].worker
        guard worker.machine.generation == generation else {
            if now >= processes[rank].entry { try enter(rank) }
            return
        }
        // A slow worker does nothing in most turns, and takes no frames while it computes.
        if Int.random(in: 0..<4, using: &generator) == 0 { return }
        if !processes[rank].isComputing {
            guard processes[rank].completed < stepCount else { return }
            try begin(rank)
        } else if !processes[rank].unready.isEmpty, Bool.random(using: &generator) {
            let next = processes[rank].unready.removeLast()
            if next < 0 { worker.machine.statisticsReady() } else { worker.machine.bucketReady(next) }
            note("rank \(rank) has \(next < 0 ? "its statistics" : "bucket \(next)")")
        }
        try act(rank)
        if processes[rank].isComputing { ask(rank) }
    }

    func act(_ rank: Int) throws {
        let worker = processes[rank].worker
        while try worker.runAction(send: { send($0, from: rank, to: $1) }) {}
        if let fault = worker.refused {
            guard case .damagedPayload = fault.reason else { throw Violation(description: "\(fault)") }
            try reconfigure("\(fault)")
        } else if worker.stepIsDone && processes[rank].isComputing {
            try check(rank)
            processes[rank].completed += 1
            worker.trace?.note(now, processes[rank].completed)
            if ownership.isLearner(rank) { counts.learnerSteps += 1 }
            processes[rank].isComputing = false
            note("rank \(rank) completes step \(processes[rank].completed)")
        }
    }

    private func begin(_ rank: Int) throws {
        let step = processes[rank].completed
        let data = data(step)
        let layout = layout(rank, step: step)
        var memory = SimulatedWorker.Memory()
        memory.roots = layout.program.roots.map { data.sums[$0] ?? [] }
        let run = ownership.runs[rank]
        memory.statistics = data.statistics.enumerated().map { run.contains($0 / max(1, width)) ? $1 : nil }
        processes[rank].isComputing = true
        processes[rank].unready = Array((width > 0 ? -1 : 0)..<bucketCounts.count).shuffled(using: &generator)
        processes[rank].silentSince = now
        processes[rank].patience = Self.firstPatience
        note("rank \(rank) begins step \(step + 1)")
        try processes[rank].worker.begin(step: UInt64(10 + step), layout: layout, memory)
    }

    /// Requests missing frames after a silence, and waits twice as long before the next request.
    private func ask(_ rank: Int) {
        let worker = processes[rank].worker
        let kept = worker.usedSlots.count + worker.slots.count
        if kept != processes[rank].keptCount {
            processes[rank].keptCount = kept
            processes[rank].silentSince = now
            processes[rank].patience = Self.firstPatience
        }
        guard now - processes[rank].silentSince >= processes[rank].patience else { return }
        processes[rank].silentSince = now
        processes[rank].patience = min(2 * processes[rank].patience, 10 * Self.firstPatience)
        let missing = worker.machine.firstMissing.map { "the \($0.kind) of bucket \($0.bucket) from rank \($0.rank)" }
        note("rank \(rank) asks; it misses \(missing ?? "nothing") first")
        worker.machine.askAgain()
    }

    func data(_ step: Int) -> SimulationData {
        if let known = data[step] { return known }
        let new = SimulationData(
            step: UInt64(step), tree: tree, batchSize: batchSizes[step % batchSizes.count], bucketCounts: bucketCounts,
            statisticsWidth: width)
        data[step] = new
        return new
    }

    private func check(_ rank: Int) throws {
        let worker = processes[rank].worker
        let data = data(processes[rank].completed)
        for bucket in bucketCounts.indices {
            let expected = data.sums[ReductionTree.top]?[bucket].map(\.bitPattern) ?? []
            guard worker.memory.results[bucket].map({ $0?.bitPattern ?? 0 }) == expected else {
                throw Violation(description: "rank \(rank)'s sum of bucket \(bucket) is not the tree's")
            }
        }
        guard width == 0 || worker.memory.statistics.map({ $0 ?? .nan }) == data.statistics else {
            throw Violation(description: "rank \(rank) has other statistics")
        }
    }

    /// No owner is more than one step ahead of another: what it sent can be sent again.
    func checkSpread() throws {
        let steps = processes.indices.filter {
            !ownership.isLearner($0) && processes[$0].worker.machine.generation == generation
        }.map { processes[$0].completed }
        guard let least = steps.min(), let most = steps.max(), most - least > 1 else { return }
        throw Violation(description: "owners are \(most - least) steps apart")
    }
}
