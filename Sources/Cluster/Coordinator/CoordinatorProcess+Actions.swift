import Coordination
import Core
import Experiments
import Faults
import Glibc
import Runs
import Training

extension CoordinatorProcess {
    /// Carries actions out in their order. What a file operation brings is told to the machine, whose answers follow.
    func perform(_ actions: [CoordinatorAction], _ machine: inout CoordinatorMachine) {
        for action in actions where outcome == nil {
            switch action {
            case .send(let message, let connection):
                if faults != nil { reachPoint(of: message) }
                send(message, to: connection)
            case .sendContent(let identifier, let chunks, let connection):
                // Who does not read is not served; it asks again.
                for message in contents.chunks(chunks, of: identifier) {
                    guard send(message, to: connection) else { break }
                }
            case .recordEpoch(let epoch): record(epoch)
            case .writeCheckpoint(let request):
                reach(.checkpointWrite)
                let failure = recorder.write(request)
                if failure == nil {
                    reach(.checkpointWritten)
                    faults?.flip(checkpoint: run.directory.paths.last)
                }
                if failure == nil, request.destinations.contains(.diverged) {
                    observer.noted("the state before that step is in \(run.directory.paths.failed)", isWarning: false)
                }
                perform(
                    machine.checkpointWritten(identifier: request.identifier, failure: failure, now: now), &machine)
            case .journal(let event): journal(event)
            case .reexecuteGradient(let question): court.judge(question)
            case .compareStates(let left, let right):
                let tensors = StateComparison.differentTensors(left, right)
                perform(machine.statesCompared(tensors: tensors, now: now), &machine)
            case .log(let entry): log(entry)
            case .recordRecovery(let recovery): recorder.record(recovery)
            case .showProgress(let progress): show(progress)
            case .terminate(let processIdentifier): kill(processIdentifier, SIGKILL)
            case .finish(let result): outcome = result
            }
        }
    }

    private func record(_ epoch: EpochRecord) {
        guard let row = try? EpochRow(jsonLine: String(decoding: epoch.row, as: UTF8.self)) else {
            return observer.noted("an epoch's row cannot be read; it is not recorded", isWarning: true)
        }
        completedSteps = max(completedSteps, epoch.completedSteps)
        reach(.epochBefore)
        run.rows.append(row)
        recorder.record(rows: run.rows)
        var timing: EpochTiming?
        if isTimed(epoch) {
            timing = recorder.recordTiming(
                epoch: row.epoch, sampleCount: run.schedule.sampleCount, workerCount: workerCount,
                generation: generation)
        }
        if let failure = recorder.takeFailure() { observer.noted(failure, isWarning: true) }
        reach(.epochAfter)
        observer.recorded(row, timing: timing)
    }

    /// Whether an epoch ended under this coordinator, and not under the one before.
    private func isTimed(_ epoch: EpochRecord) -> Bool {
        firstPosition.map { epoch.epoch > $0.completedEpochs } ?? false
    }

    private func journal(_ event: RunEvent) {
        if case .view(let view) = event {
            if firstPosition == nil {
                firstPosition = view.position
                recorder.startEpochClock(doneSampleCount: doneSampleCount(of: view.position))
            }
            workerCount = view.ownerCount
            generation = view.generation
        }
        recorder.record(event)
        if case .view = event { reach(.view) } else { reach(.journal) }
    }

    /// Samples of the epoch at a position that were trained on before.
    private func doneSampleCount(of position: Position) -> Int {
        let stepsPerEpoch = UInt64(run.schedule.stepsPerEpoch)
        let (epochs, step) = position.completedSteps.quotientAndRemainder(dividingBy: stepsPerEpoch)
        // All steps of the epoch are done when only its validation is left.
        guard epochs == position.completedEpochs else { return run.schedule.sampleCount }
        return run.schedule.batch(ofStep: Int(step)).lowerBound
    }

    /// Where the plan of faults may strike before a message is sent.
    private func reachPoint(of message: CoordinatorMessage) {
        switch message {
        case .grant, .stop: reach(.grant)
        case .reconfigure: reach(.regroup)
        case .end, .abort: reach(.ending)
        default: break
        }
    }

    private func log(_ entry: LogEntry) {
        recorder.log(entry)
        if entry.level != .detail { observer.noted(entry.text, isWarning: entry.level != .notice) }
    }

    private func show(_ progress: Progress) {
        completedSteps = max(completedSteps, progress.completedSteps)
        guard let measures = progress.measures else { return }
        let stepsPerEpoch = run.schedule.stepsPerEpoch
        let step = Int(clamping: progress.completedSteps) - (Int(measures.epoch) - 1) * stepsPerEpoch
        observer.progressed(
            EpochProgress(
                epoch: Int(measures.epoch), step: max(0, min(step, stepsPerEpoch)), stepsPerEpoch: stepsPerEpoch,
                loss: measures.loss, accuracy: measures.accuracy, imagesPerSecond: measures.samplesPerSecond,
                workerCount: workerCount))
    }

    /// What the machine has to know, from the prepared run.
    func machineConfiguration(children: [Int32]) throws -> CoordinatorConfiguration {
        let leadership = try recorder.takeLead()
        var configuration = CoordinatorConfiguration(
            job: leadership.job,
            experiment: run.experiment.canonicalForm,
            experimentDigest: run.experiment.digest,
            arithmeticVersion: UInt32(Arithmetic.version), microBatchCount: run.experiment.microBatchCount,
            workerCount: settings.workerCount, host: HostName.current, data: [contents.data])
        configuration.childProcessIdentifiers = children
        configuration.predecessor = predecessor
        configuration.term = leadership.term
        configuration.lastGeneration = leadership.lastGeneration
        configuration.minimumWorkerCount = settings.minimumWorkerCount
        configuration.ownerLimit = settings.workerLimit ?? run.experiment.microBatchCount
        configuration.timing.successorMilliseconds = settings.successorMilliseconds
        configuration.rebalances = settings.rebalances
        configuration.audit = settings.audit
        configuration.checkpointEpochInterval = settings.checkpointEpochInterval
        if let state = contents.state {
            configuration.start = .state(
                state,
                Position(
                    rounds: UInt64(run.startProgress.round), completedSteps: UInt64(run.completedSteps),
                    completedEpochs: UInt32(run.startProgress.rows.count)))
        }
        return configuration
    }
}
