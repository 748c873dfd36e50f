package import Runs
import Synchronization

/// Carries out the faults of a plan that concern this process.
///
/// Each strikes once in a run, even if the process is started again and comes to the same place: a file in the faults' folder
/// marks it. All functions may be called on any thread.
package final class FaultInjector: Sendable {
    package let target: FaultTarget
    let folder: FaultFolder
    let effects: FaultEffects
    private let state: Mutex<FaultSchedule>

    /// An injector for the plan's faults of `target`, which marks in `folder` what has struck; nil where there are none.
    package convenience init?(_ plan: FaultPlan, target: FaultTarget, folder: String) {
        self.init(plan, target: target, folder: folder, effects: .real)
    }

    init?(_ plan: FaultPlan, target: FaultTarget, folder: String, effects: FaultEffects) {
        let planned = plan.faults.enumerated().filter { $0.element.target == target }
        guard !planned.isEmpty else { return nil }
        self.target = target
        self.folder = FaultFolder(folder)
        self.effects = effects
        state = Mutex(FaultSchedule(planned.map { PlannedFault(number: $0.offset, fault: $0.element) }, target: target))
        if self.folder.start != nil { startClock() }
    }

    /// Tells that this process has come to a failpoint. `step` counts from 1: the step that is under way, or between
    /// steps the last one that is complete; 0 before the first.
    package func reach(_ point: Failpoint, step: UInt64) {
        if point == .computing || point == .grant { startClock() }
        for planned in state.withLock({ $0.due(at: point, step: step) }) { strike(planned, point: point, step: step) }
        guard point == .computing else { return }
        let now = effects.nanoseconds()
        let pauseMilliseconds = state.withLock { $0.pause(nanoseconds: now) }
        if pauseMilliseconds > 0 { effects.sleep(pauseMilliseconds) }
    }

    /// Starts the clock of faults that strike after a time; the first call in a run counts for all its processes.
    private func startClock() {
        let waiting = state.withLock { $0.takeTimed() }
        // Even without a timed fault of its own, a process tells the others when training began.
        guard state.withLock({ $0.beginsClock() }) || !waiting.isEmpty else { return }
        let start = folder.begin(nanoseconds: effects.nanoseconds())
        guard !waiting.isEmpty else { return }
        effects.runThread { [self] in
            for (milliseconds, planned) in waiting {
                let left = start + Int64(milliseconds) * 1_000_000 - effects.nanoseconds()
                if left > 0 { effects.sleep(Int(left / 1_000_000) + 1) }
                let place = state.withLock { $0.place }
                strike(planned, point: place.point, step: place.step)
            }
        }
    }

    /// Carries a fault out, unless it has struck before.
    private func strike(_ planned: PlannedFault, point: Failpoint?, step: UInt64) {
        guard folder.mark(planned.number) else { return }
        let fault = planned.fault
        let now = effects.nanoseconds()
        folder.append(FiredFault(planned, nanoseconds: now, point: point, step: step))
        effects.report("fault: \(fault) (again with: --fault '\(fault)')")
        switch fault.kind {
        case .kill: effects.kill(fault.signal ?? .kill)
        case .stop: effects.stop(fault.durationMilliseconds)
        case .exit: effects.exit(fault.exitCode ?? 1)
        case .slow, .diskFull, .failWrite, .failSynchronize, .failRename, .flipGradient, .flipCheckpoint:
            state.withLock { $0.arm(fault, nanoseconds: now) }
        case .drop, .duplicate, .reorder, .corrupt, .delay, .halfOpen, .reset, .partition:
            if !folder.send(fault) { effects.report("fault: no proxy takes '\(fault)'") }
        }
    }

    // MARK: Files and memory

    /// Makes operations on files fail while such a fault lasts; nil where the plan has none.
    package var fileInterceptor: FileOperations.Interceptor? {
        guard state.withLock({ $0.hasFileFaults }) else { return nil }
        return { [self] operation, path in
            let now = effects.nanoseconds()
            return state.withLock { $0.interception(of: operation, path, nanoseconds: now) }
        }
    }

    /// Flips the bits of faults that have struck since the last call in a gradient that is about to be sent.
    package func flip(gradient: UnsafeMutableBufferPointer<Float>) {
        guard !gradient.isEmpty else { return }
        for fault in state.withLock({ $0.takeFlips(.flipGradient) }) {
            let index = (fault.element ?? 0) % gradient.count
            gradient[index] = Float(bitPattern: gradient[index].bitPattern ^ (1 << UInt32(fault.bit ?? 0)))
        }
    }

    /// Flips the bits of faults that have struck since the last call in the checkpoint file at `path`. Call it after
    /// the failpoint `checkpoint-written`.
    package func flip(checkpoint path: String) {
        for fault in state.withLock({ $0.takeFlips(.flipCheckpoint) }) {
            if !FaultFolder.flip(bit: fault.bit ?? 0, ofByte: fault.element ?? 0, inFile: path) {
                effects.report("fault: \(path) cannot be changed")
            }
        }
    }
}
