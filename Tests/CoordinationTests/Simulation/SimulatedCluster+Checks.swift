import Core

@testable import Coordination

/// What must hold, whatever happens.
extension SimulatedCluster {
    /// A generation is one view, whose owners cover each micro-batch exactly once.
    func check(_ view: View) {
        note("view \(view.summary)")
        check(views[view.generation] == nil, "generation \(view.generation) is given to a second view")
        views[view.generation] = view
        var next = 0
        var learns = false
        for (rank, member) in view.members.enumerated() {
            check(member.rank == rank, "member \(rank) has rank \(member.rank)")
            if member.isLearner {
                learns = true
            } else {
                check(!learns, "an owner follows a learner")
                check(member.microBatches.lowerBound == next, "micro-batch \(next) is not \(member.name)'s first")
                next = member.microBatches.upperBound
            }
        }
        let hosts = view.members.filter { !$0.isLearner }.map(\.hostNumber)
        let changes = zip(hosts, hosts.dropFirst()).count { $0 != $1 }
        check(changes + 1 == Set(hosts).count, "the owners of a host do not follow one another: \(hosts)")
        check(next == options.microBatchCount, "the owners end at micro-batch \(next)")
        check(Set(view.members.map(\.name)).count == view.members.count, "a worker is a member twice")
        let holder = view.members.indices.contains(view.holder) ? view.members[view.holder] : nil
        check(holder.map { !$0.isLearner && !$0.needsState } ?? false, "the holder has no state to give")
        check(training.position(view.position.rounds) == view.position, "\(view.position) is no position")
        let decoded = try? CoordinatorMessage(decoding: CoordinatorMessage.view(view).encoded())
        check(decoded == .view(view), "a worker would refuse the view")
    }

    /// The state that a worker holds is the one that every run has after so many rounds.
    func checkState(of worker: SimulatedWorker) {
        guard worker.rounds <= training.roundCount else {
            return violate("\(worker.name) is beyond the last round")
        }
        check(
            worker.state == training.states[Int(worker.rounds)],
            "\(worker.name) holds another state after \(worker.rounds) rounds")
    }

    /// A step may be begun only below what the coordinator granted in that generation.
    func checkGrant(of worker: SimulatedWorker) {
        let steps = training.position(worker.rounds).completedSteps
        check(
            steps < grants[worker.view?.generation ?? 0] ?? 0,
            "\(worker.name) starts step \(steps) without a grant")
    }

    /// Each epoch's row is written down once, in order, and is the right one.
    func record(_ record: EpochRecord) {
        note("epoch \(record.epoch) is recorded")
        check(Int(record.epoch) == disk.rows.count + 1, "epoch \(record.epoch) follows \(disk.rows.count) rows")
        check(record.row == training.row(UInt64(record.epoch)), "the row of epoch \(record.epoch) is another")
        check(record.completedSteps == UInt64(record.epoch) * options.stepsPerEpoch, "an epoch's steps are others")
        if let digest = record.stateDigest {
            let rounds = UInt64(record.epoch) * (options.stepsPerEpoch + 1)
            check(
                digest == training.digest(rounds: rounds, state: training.states[Int(rounds)]),
                "another state than that of epoch \(record.epoch) is recorded")
        }
        records.append(record)
        disk.rows.append(record.row)
    }

    /// The saved state is the right one; `last` never goes back, and never runs ahead of the rows.
    func check(_ request: CheckpointRequest) {
        // It stands beside the checkpoints, as one worker's evidence.
        if request.destinations == [.diverged], !liars.isEmpty { return }
        let (rounds, state) = SimulatedTraining.read(request.bytes)
        guard rounds <= training.roundCount else { return violate("a checkpoint is beyond the last round") }
        check(state == training.states[Int(rounds)], "the checkpoint after \(rounds) rounds holds another state")
        check(
            training.position(rounds).completedSteps == request.name.completedSteps,
            "the checkpoint of step \(request.name.completedSteps) holds \(rounds) rounds")
        guard request.destinations.contains(.last) else { return }
        check(
            request.name.completedSteps >= disk.last?.name.completedSteps ?? 0,
            "the last checkpoint goes back to step \(request.name.completedSteps)")
        check(
            Int(request.name.completedEpochs) <= disk.rows.count,
            "a checkpoint with \(request.name.completedEpochs) epochs follows \(disk.rows.count) rows")
    }

    /// At the end of a complete run all rows and the last state are there.
    func checkEnd() {
        guard case .completed(let steps, let digest) = outcome else { return }
        check(steps == training.stepCount, "the run ended after \(steps) steps")
        check(digest == lastDigest, "the run ended with another state")
        check(disk.rows == (1...options.epochs).map { training.row($0) }, "rows are missing at the end")
        check(
            disk.last.map { SimulatedTraining.read($0.bytes).rounds } == training.roundCount,
            "the last state is not saved")
    }
}
