import ArgumentParser
import Cluster
import Coordination
import Core
import Foundation
import Glibc
import Reports
import Synchronization

/// Programs that keep records of trainings.
struct TrackOptions: ParsableArguments {
    @Option(
        name: .customLong("track"),
        help: ArgumentHelp(
            "Report the run to a program that keeps records of trainings (can be given more than once): "
                + RunTrackers.all.map { $0.documentation }.joined(separator: "; ") + ".",
            valueName: "name[=place]"))
    var trackers: [String] = []

    /// The trackers that were asked for; nil for none. `parameters` are the experiment's values.
    func tracking(
        environment: [String: String], parameters: () throws -> [(key: String, value: String)]
    ) throws -> RunTracking? {
        let chosen: [any RunTracker]
        do {
            chosen = try RunTrackers.chosen(trackers, environment: environment)
        } catch {
            throw ExitStatus(ProcessExitCode.usage, "--track: \(error)")
        }
        return chosen.isEmpty ? nil : RunTracking(chosen, parameters: try parameters())
    }
}

/// Reports a run to trackers, each in a thread of its own. What fails is shown in one line, and tried again; the training
/// goes on.
final class RunTracking: Sendable {
    private struct State {
        var end: TrackedMoment.End?
        /// Threads that still report.
        var reporting = 0
        /// Trackers whose last report failed.
        var failing = 0
    }

    private let trackers: [any RunTracker]
    private let parameters: [(key: String, value: String)]
    private let state = Mutex(State())

    private static let pollMicroseconds: UInt32 = 100_000
    /// After failures the pause grows up to this many times.
    private static let longestPauseFactor = 16
    /// How long the end of the run waits for the last reports, with their files; and where reports have failed before.
    private static let lastReportMilliseconds = 60_000
    private static let lastReportAfterFailureMilliseconds = 6000

    init(_ trackers: [any RunTracker], parameters: [(key: String, value: String)]) {
        self.trackers = trackers
        self.parameters = parameters
    }

    /// Starts the threads. `run` is the run directory, once there is one.
    func start(run: @escaping @Sendable () -> String?) {
        state.withLock { $0.reporting = trackers.count }
        for tracker in trackers {
            let thread = Thread { [self] in
                report(to: tracker, run: run)
                state.withLock { $0.reporting -= 1 }
            }
            thread.start()
        }
    }

    /// Has the end reported, and waits for it, for a bounded time.
    func finish(_ outcome: SupervisorOutcome) {
        let isFailing = state.withLock { state in
            state.end = Self.end(outcome)
            return state.failing > 0
        }
        let limit = isFailing ? Self.lastReportAfterFailureMilliseconds : Self.lastReportMilliseconds
        let start = MonotonicTime.now
        while state.withLock({ $0.reporting }) > 0, start.elapsedMilliseconds < limit { usleep(Self.pollMicroseconds) }
    }

    private static func end(_ outcome: SupervisorOutcome) -> TrackedMoment.End {
        switch outcome {
        case .exited(ProcessExitCode.success): .complete
        case .exited(let code) where code > 128 || code == ProcessExitCode.requeue: .interrupted
        case .endedAtOnce, .graceExceeded: .interrupted
        case .exited, .coordinatorLost: .failed
        }
    }

    private func report(to tracker: any RunTracker, run: @Sendable () -> String?) {
        var tracker = tracker
        var next = MonotonicTime.now
        var failureCount = 0
        while true {
            let end = state.withLock { $0.end }
            guard end != nil || next <= .now, let run = run() else {
                if end != nil { return }
                usleep(Self.pollMicroseconds)
                continue
            }
            let moment = TrackedMoment(
                snapshot: .now(of: run), parameters: parameters,
                nowMilliseconds: Int(Date().timeIntervalSince1970 * 1000), end: end)
            do throws(TrackerError) {
                try tracker.report(moment)
                if failureCount > 0 { state.withLock { $0.failing -= 1 } }
                failureCount = 0
            } catch {
                if failureCount == 0 { state.withLock { $0.failing += 1 } }
                failureCount += 1
                if failureCount == 1 {
                    let again = end == nil ? "; the training goes on, and this is tried again" : ""
                    Console.warning("--track \(type(of: tracker).name): \(error)\(again)")
                }
            }
            if end != nil { return }
            let factor = min(1 << min(failureCount, 10), Self.longestPauseFactor)
            next = .now.advanced(byMilliseconds: type(of: tracker).pauseMilliseconds * factor)
        }
    }
}
