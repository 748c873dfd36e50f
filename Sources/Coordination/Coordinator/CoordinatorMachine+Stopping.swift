extension CoordinatorMachine {
    mutating func handleInterrupt(signal: Int32, now: UInt64) {
        switch phase {
        case .over: break
        case .gathering where hasTrained, .regrouping, .linking, .training:
            if stop == nil { return stopAtGrantsEnd(signal: signal, now: now) }
            endUnsaved(signal: signal, now: now)
        case .gathering, .preparing:
            let steps = configuration.start.position.completedSteps
            end(.interrupted(signal: signal, completedSteps: steps, saved: steps > 0), now: now)
        case .short, .salvaging, .judging, .comparing: endUnsaved(signal: signal, now: now)
        case .ending: finish(now: now)
        }
    }

    private mutating func stopAtGrantsEnd(signal: Int32, now: UInt64) {
        stop = Stop(signal: signal, stepLimit: grants.stepLimit)
        isBoundaryAnnounced = false
        actions.append(.journal(.stopping(stepLimit: grants.stepLimit)))
        log(.notice, "interrupted: the workers stop after step \(grants.stepLimit)")
        if phase.isTraining { sendGrant(now: now) }
    }

    private mutating func endUnsaved(signal: Int32, now: UInt64) {
        end(.interrupted(signal: signal, completedSteps: checkpoints.savedSteps, saved: false), now: now)
        finish(now: now)
    }

    /// A worker met a value that is not finite: it still has the state before that step, and delivers it.
    mutating func salvage(_ verdict: Verdict, from worker: Int, now: UInt64) {
        log(.failure, verdict.description)
        phase = .salvaging(
            verdict, worker: roster[worker].identifier, deadline: now + configuration.timing.salvageMilliseconds)
        send(.sendState(.diverged), to: worker)
    }

    /// Ends the run with a verdict, once the furthest state that is left is saved.
    mutating func saveRemainder(_ cause: Verdict.Cause, now: UInt64) {
        let furthest = roster.holders.max { left, right in
            (roster[left].standing?.position.rounds ?? 0) < (roster[right].standing?.position.rounds ?? 0)
        }
        guard let holder = furthest, let position = roster[holder].standing?.position,
            position.completedSteps > checkpoints.savedSteps
        else { return fail(cause, about: nil, now: now) }
        let verdict = verdict(cause, about: nil, now: now)
        log(.failure, "\(verdict): the state after step \(position.completedSteps) goes into a checkpoint")
        phase = .salvaging(
            verdict, worker: roster[holder].identifier, deadline: now + configuration.timing.salvageMilliseconds)
        send(.sendState(.remainder), to: holder)
    }

    mutating func endSalvage(now: UInt64) {
        if case .salvaging(let verdict, _, _) = phase {
            end(.failed(verdict), now: now)
        }
    }

    /// Ends the run with a verdict.
    mutating func fail(_ cause: Verdict.Cause, about worker: Int?, now: UInt64) {
        guard !isEnding else { return }
        let verdict = verdict(cause, about: worker, now: now)
        log(.failure, verdict.description)
        end(.failed(verdict), now: now)
    }

    func verdict(_ cause: Verdict.Cause, about worker: Int?, now: UInt64) -> Verdict {
        let subject = worker.map { index in
            let record = roster[index]
            return Verdict.Subject(
                rank: record.rank, name: record.hello.name, host: record.hello.host,
                processIdentifier: record.hello.processIdentifier, phase: record.progress.phase,
                completedSteps: record.progress.completedSteps,
                lastHeardMilliseconds: now - min(now, record.lastHeard))
        }
        return Verdict(cause: cause, subject: subject, generation: generation)
    }

    /// Tells everyone to leave, and gives them a moment to.
    mutating func end(_ outcome: Outcome, now: UInt64) {
        phase = .ending(outcome, deadline: now + configuration.timing.farewellMilliseconds)
        suspicions = []
        for worker in roster.present {
            roster[worker].lastHeartbeat = now
            send(farewell(outcome), to: worker)
        }
        finishWhenAlone(now: now)
    }

    func farewell(_ outcome: Outcome) -> CoordinatorMessage {
        switch outcome {
        case .completed, .interrupted: .end(reason: outcome.description)
        case .failed(let verdict): .abort(exitCode: verdict.exitCode, reason: verdict.description)
        }
    }

    mutating func finishWhenAlone(now: UInt64) {
        if case .ending = phase, roster.present.isEmpty, checkpoints.isEmpty {
            finish(now: now)
        }
    }

    /// Ends the children that are still here, and the run.
    mutating func finish(now: UInt64) {
        guard case .ending(let outcome, _) = phase else { return }
        for worker in roster.present { terminate(worker) }
        phase = .over
        actions.append(.journal(.ended(outcome)))
        actions.append(.finish(outcome))
    }
}
