/// What a change of the membership costs, and links that break between live workers.
extension CoordinatorMachine {
    /// A link broke between two live workers. It costs a generation; at the second time one of the two is put aside.
    mutating func handleBrokenLink(
        between reporter: Int, and worker: Int, _ cause: Verdict.Cause, now: UInt64
    ) {
        guard roster[worker].rank != nil, roster[reporter].rank != nil else { return }
        if case .regrouping = phase { return }
        let probation = configuration.timing.linkProbationMilliseconds
        let pair = (roster[reporter].identifier, roster[worker].identifier)
        let isRepeated = brokenLinks.add(pair.0, pair.1, within: probation, now: now)
        var text = "the link between \(roster[reporter].label) and \(roster[worker].label) broke (\(cause))"
        if isRepeated {
            func order(_ index: Int) -> (Int, Int) {
                (brokenLinks.partnerCount(of: roster[index].identifier), roster[index].rank ?? 0)
            }
            let bench = order(worker) > order(reporter) ? worker : reporter
            roster[bench].benchedUntil = now + probation
            text += " again: \(roster[bench].label) waits for \(probation / 1000) s"
        }
        log(.warning, text)
        beginRecovery(cause: text, now: now)
        regroup(now: now)
    }

    mutating func beginRecovery(cause: String, now: UInt64) {
        guard recovery == nil else { return }
        recovery = OpenRecovery(
            cause: cause, noticedAt: now, redoneMicroBatches: phase.isTraining ? configuration.microBatchCount : 0)
    }

    /// The first step after a change of the membership is complete.
    mutating func endRecovery(now: UInt64) {
        guard let open = recovery, let view,
            roster.members.contains(where: { roster[$0].done != nil })
                || ownersCompletedSteps > view.position.completedSteps
        else { return }
        recovery = nil
        actions.append(
            .recordRecovery(
                Recovery(
                    generation: generation, cause: open.cause, noticedMilliseconds: open.noticedAt,
                    recoveredMilliseconds: now, redoneMicroBatches: open.redoneMicroBatches)))
        log(.notice, "recovered in \(now - open.noticedAt) ms: step \(ownersCompletedSteps) is complete")
    }
}

/// A change of the membership after which no step is complete yet.
struct OpenRecovery {
    var cause: String
    var noticedAt: UInt64
    var redoneMicroBatches: Int
}
