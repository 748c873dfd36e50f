import Glibc
package import Runs
import Synchronization

/// Triggers the faults of a plan that concern this process.
///
/// Each is triggered once in a run, even if the process is started again and reaches the same place: a file in the
/// faults' folder marks it. All functions may be called on any thread.
package final class FaultInjector: Sendable {
    package let target: FaultTarget
    let folder: FaultFolder
    let effects: FaultEffects
    private let state: Mutex<FaultSchedule>

    /// An injector for the plan's faults of `target`, which marks triggered faults in `folder`; nil where there are
    /// none.
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

    /// Call it at each failpoint. `step` counts from 1: the step in progress, or between steps the last complete one; 0
    /// before the first. Triggers what is due, and delays a step of a slow worker.
    package func reach(_ point: Failpoint, step: UInt64) {
        if point == .computing || point == .grant { startClock() }
        for planned in state.withLock({ $0.due(at: point, step: step) }) { trigger(planned, point: point, step: step) }
        guard point == .computing else { return }
        let now = effects.nanoseconds()
        let pauseMilliseconds = state.withLock { $0.pause(nanoseconds: now) }
        if pauseMilliseconds > 0 { effects.sleep(pauseMilliseconds) }
    }

    /// Starts the clock of faults that are triggered after a time; the first call in a run counts for all its
    /// processes.
    private func startClock() {
        let waiting = state.withLock { $0.takeTimed() }
        // A process without a timed fault also records the start: other processes may have one.
        guard state.withLock({ $0.beginsClock() }) || !waiting.isEmpty else { return }
        let start = folder.begin(nanoseconds: effects.nanoseconds())
        guard !waiting.isEmpty else { return }
        effects.runThread { [self] in
            for (milliseconds, planned) in waiting {
                let left = start + Int64(milliseconds) * 1_000_000 - effects.nanoseconds()
                if left > 0 { effects.sleep(Int(left / 1_000_000) + 1) }
                let place = state.withLock { $0.place }
                trigger(planned, point: place.point, step: place.step)
            }
        }
    }

    /// Carries a fault out, unless it was triggered before.
    private func trigger(_ planned: PlannedFault, point: Failpoint?, step: UInt64) {
        guard folder.mark(planned.number) else { return }
        let fault = planned.fault
        let now = effects.nanoseconds()
        folder.append(
            TriggeredFault(
                number: planned.number, fault: fault, processIdentifier: getpid(), point: point, step: step,
                nanoseconds: now))
        effects.report("fault: \(fault) (again with: --fault '\(fault)')")
        switch fault.kind.declaration.action {
        case .kill: effects.kill(fault.text(.signal).flatMap(Fault.Signal.init) ?? .kill)
        case .stop: effects.stop(fault.durationMilliseconds)
        case .exit: effects.exit(Int32(fault.whole(.code) ?? 1))
        case .slow: state.withLock { $0.slow(fault, nanoseconds: now) }
        case .failFiles(let operations, let errorCode):
            state.withLock { $0.failFiles(fault, operations, errorCode: errorCode, nanoseconds: now) }
        case .slowFiles(let operations): state.withLock { $0.slowFiles(fault, operations, nanoseconds: now) }
        case .flipGradient, .flipCheckpoint: state.withLock { $0.flip(fault) }
        case .disturb:
            state.withLock { $0.disturb(planned, nanoseconds: now) }
            if !NetworkFaultPipe.send(fault, folder: folder.path) {
                effects.report("fault: no proxy is running for '\(fault)'")
            }
        }
    }

    /// Call it at each failpoint that has no step at hand: the step is that of the last failpoint with one.
    package func reach(_ point: Failpoint) {
        reach(point, step: state.withLock { $0.place.step })
    }

    // MARK: Frames in memory

    /// The time of the faults' clock.
    package var nanoseconds: Int64 { effects.nanoseconds() }

    /// What disturbs frames in memory now, over links that were made at this time.
    package func memoryFaults(linkedNanoseconds: Int64) -> MemoryFaults {
        let now = effects.nanoseconds()
        return state.withLock { $0.memoryFaults(linkedNanoseconds: linkedNanoseconds, nanoseconds: now) }
    }

    /// Whether a fault of the plan disturbs the network of this process.
    package var hasNetworkFaults: Bool { state.withLock { $0.hasNetworkFaults } }

    // MARK: Files and gradients

    /// Makes operations on files fail while such a fault lasts; nil where the plan has none.
    package var fileInterceptor: FileOperations.Interceptor? {
        guard state.withLock({ $0.hasFileFaults }) else { return nil }
        return { [self] operation, path in
            let now = effects.nanoseconds()
            let pauseMilliseconds = state.withLock { $0.delay(of: operation, path, nanoseconds: now) }
            if pauseMilliseconds > 0 { effects.sleep(pauseMilliseconds) }
            return state.withLock { $0.interception(of: operation, path, nanoseconds: now) }
        }
    }

    /// Flips the bits of faults that were triggered since the last call in a gradient that is about to be sent.
    package func flip(gradient: UnsafeMutableBufferPointer<Float>) {
        guard !gradient.isEmpty else { return }
        for fault in state.withLock({ $0.takeFlips(.flipGradient) }) {
            let index = (fault.whole(.element) ?? 0) % gradient.count
            gradient[index] = Float(bitPattern: gradient[index].bitPattern ^ (1 << UInt32(fault.whole(.bit) ?? 0)))
        }
    }

    /// Flips the bits of faults that were triggered since the last call in the checkpoint file at `path`. Call it after
    /// the failpoint `checkpoint-written`.
    package func flip(checkpoint path: String) {
        for fault in state.withLock({ $0.takeFlips(.flipCheckpoint) }) {
            let (bit, byte) = (fault.whole(.bit) ?? 0, fault.whole(.element) ?? 0)
            if !Self.flip(bit: bit, ofByte: byte, inFile: path) {
                effects.report("fault: \(path) cannot be changed")
            }
        }
    }

    /// Flips a bit of byte `index`, modulo the file's length.
    private static func flip(bit: Int, ofByte index: Int, inFile path: String) -> Bool {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_size > 0 else { return false }
        let offset = off_t(index) % off_t(status.st_size)
        var byte: UInt8 = 0
        guard pread(descriptor, &byte, 1, offset) == 1 else { return false }
        byte ^= 1 << UInt8(bit & 7)
        return pwrite(descriptor, &byte, 1, offset) == 1
    }
}
