import Coordination
import Faults
import Foundation
import Glibc
import Runs
import Synchronization
import Transport

/// The coordinator's file thread: it writes what a run records, one thing after another, in the order in which it was
/// asked to. The thread that answers workers never waits for a disk.
final class RunWriter: Sendable {
    enum Job: Sendable {
        case journal(RunEvent)
        case checkpoint(CheckpointRequest)
        /// All rows so far, and the timing of the last one's epoch.
        case rows([EpochRow], EpochTiming?)
        case recovery(RecoveryTiming)
        case log(LogEntry, at: Date)
        case status(RunStatus)
        case validation(ValidationMatrix)
    }

    /// What became of a job, in the order of the jobs.
    enum Event: Sendable {
        /// A view is durable in the journal, or could not be written.
        case viewJournalled(generation: UInt64, failure: String?)
        case checkpointWritten(CheckpointRequest, failure: String?)
        /// The rows are in the run's files. `failure` is why they are not; they are tried again then.
        case rowsWritten(EpochRow, EpochTiming?, failure: String?)
        /// The rows could not be written in all attempts.
        case failed(String)
    }

    private struct Task: Sendable {
        var job: Job
        /// Steps that were complete when the job was posted, for failpoints.
        var step: UInt64
    }

    private struct Queue {
        var tasks: [Task] = []
        var isClosed = false
    }

    let events: Mailbox<Event>
    private let recorder: Mutex<RunRecorder>
    private let queue = Mutex(Queue())
    private let wake = DispatchSemaphore(value: 0)
    private let hasEnded = DispatchSemaphore(value: 0)
    private let faults: FaultInjector?

    /// The pause before rows that could not be written are looked at again.
    private static let pauseSeconds = 0.2
    /// How long the last writes of a run may take.
    private static let finishSeconds = 60.0

    init(_ recorder: sending RunRecorder, faults: FaultInjector?) throws(TransportError) {
        events = try Mailbox()
        self.recorder = Mutex(recorder)
        self.faults = faults
    }

    func post(_ job: Job, step: UInt64) {
        queue.withLock { $0.tasks.append(Task(job: job, step: step)) }
        wake.signal()
    }

    /// Performs the jobs that are left, and ends the thread. Rows that could not be written are tried again if
    /// `retriesRows`.
    func finish(retriesRows: Bool) throws {
        queue.withLock { $0.isClosed = true }
        wake.signal()
        guard hasEnded.wait(timeout: .now() + Self.finishSeconds) == .success else {
            throw ClusterError.system("finish the files of the run", ETIMEDOUT)
        }
        if retriesRows {
            try recorder.withLock { recorder throws(FileError) in try recorder.finishRows() }
        }
    }

    // MARK: The thread

    /// Performs jobs until `finish`. The failpoints around files are reached on its thread.
    func run() {
        defer { hasEnded.signal() }
        while true {
            let (task, isClosed) = queue.withLock { queue in
                (queue.tasks.isEmpty ? nil : queue.tasks.removeFirst(), queue.isClosed)
            }
            if let task {
                recorder.withLock { perform(task, $0) }
            } else if isClosed {
                return
            } else {
                _ = wake.wait(timeout: .now() + Self.pauseSeconds)
                retryRows()
            }
        }
    }

    private func retryRows() {
        do throws(FileError) {
            try recorder.withLock { recorder throws(FileError) in try recorder.retryRows() }
        } catch {
            events.post(.failed(error.description))
        }
    }

    private func perform(_ task: Task, _ recorder: RunRecorder) {
        switch task.job {
        case .journal(let event): journal(event, step: task.step, recorder)
        case .checkpoint(let request):
            faults?.reach(.checkpointWrite, step: task.step)
            let failure = recorder.write(request)
            if failure == nil {
                faults?.reach(.checkpointWritten, step: task.step)
                faults?.flip(checkpoint: recorder.paths.last)
            }
            events.post(.checkpointWritten(request, failure: failure))
        case .rows(let rows, let timing):
            faults?.reach(.epochBefore, step: task.step)
            recorder.record(rows: rows)
            if let timing { recorder.record(timing) }
            faults?.reach(.epochAfter, step: task.step)
            if let row = rows.last { events.post(.rowsWritten(row, timing, failure: recorder.takeFailure())) }
        case .recovery(let timing): recorder.record(timing)
        case .log(let entry, let time): recorder.log(entry, at: time)
        case .status(let status): recorder.record(status)
        case .validation(let matrix): recorder.record(matrix)
        }
    }

    private func journal(_ event: RunEvent, step: UInt64, _ recorder: RunRecorder) {
        let failure = recorder.record(event)
        guard case .view(let view) = event else { return faults?.reach(.journal, step: step) ?? () }
        if failure == nil { faults?.reach(.view, step: step) }
        events.post(.viewJournalled(generation: view.generation, failure: failure))
    }
}

/// A run that this process leads.
struct LedRun: Sendable {
    let run: PreparedRun
    let writer: RunWriter
    let leadership: Leadership

    /// Takes the lead: the term is durable before any worker is answered with it.
    init(_ run: PreparedRun, faults: FaultInjector?) throws {
        let recorder = try RunRecorder(run.directory)
        leadership = try recorder.takeLead()
        writer = try RunWriter(recorder, faults: faults)
        self.run = run
    }
}
