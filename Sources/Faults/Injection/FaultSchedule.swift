import Glibc
import Runs

/// A fault with its number in the whole plan.
struct PlannedFault: Sendable, Equatable {
    var number: Int
    var fault: Fault
}

/// What is still to strike in this process, and what goes on after it struck. Time is an argument.
struct FaultSchedule: Sendable {
    private let target: FaultTarget
    /// Faults that wait for a failpoint, with the times that still have to pass by.
    private var placed: [(planned: PlannedFault, remaining: Int)] = []
    private var timed: [(milliseconds: Int, planned: PlannedFault)] = []
    private var clockHasBegun = false
    let hasFileFaults: Bool
    /// Where the process was last.
    private(set) var place: (point: Failpoint?, step: UInt64) = (nil, 0)
    private var flips: [Fault] = []
    private var failures: [FileFailure] = []
    private var slowness: Slowness?

    init(_ planned: [PlannedFault], target: FaultTarget) {
        self.target = target
        hasFileFaults = planned.contains { $0.fault.kind.isFile }
        for item in planned {
            switch item.fault.trigger {
            case .reached(_, _, let occurrence): placed.append((item, occurrence))
            case .after(let milliseconds): timed.append((milliseconds, item))
            }
        }
        timed.sort { $0.milliseconds < $1.milliseconds }
    }

    /// The faults that strike here and now.
    mutating func due(at point: Failpoint, step: UInt64) -> [PlannedFault] {
        place = (point, step)
        var due: [PlannedFault] = []
        for index in placed.indices where placed[index].planned.fault.trigger.matches(point, step: step, of: target) {
            placed[index].remaining -= 1
            if placed[index].remaining == 0 { due.append(placed[index].planned) }
        }
        placed.removeAll { $0.remaining <= 0 }
        return due
    }

    /// The faults that strike after a time, the earliest first; once.
    mutating func takeTimed() -> [(milliseconds: Int, planned: PlannedFault)] {
        defer { timed = [] }
        return timed
    }

    /// Whether this is the first call.
    mutating func beginsClock() -> Bool {
        defer { clockHasBegun = true }
        return !clockHasBegun
    }

    // MARK: What goes on

    /// Begins what a fault that has struck goes on to do.
    mutating func arm(_ fault: Fault, nanoseconds: Int64) {
        switch fault.kind {
        case .slow: slowness = Slowness(fault, nanoseconds: nanoseconds)
        case .flipGradient, .flipCheckpoint: flips.append(fault)
        default: failures.append(FileFailure(fault, nanoseconds: nanoseconds))
        }
    }

    /// The bit flips of a kind that are due; once.
    mutating func takeFlips(_ kind: FaultKind) -> [Fault] {
        defer { flips.removeAll { $0.kind == kind } }
        return flips.filter { $0.kind == kind }
    }

    /// The milliseconds by which the step that begins is to be delayed.
    mutating func pause(nanoseconds: Int64) -> Int {
        if slowness?.isOver(nanoseconds: nanoseconds) ?? true { slowness = nil }
        return slowness?.pause(nanoseconds: nanoseconds) ?? 0
    }

    /// What becomes of an operation on a file.
    mutating func interception(
        of operation: FileOperation, _ path: String, nanoseconds: Int64
    ) -> FileOperations.Interception {
        failures.removeAll { $0.isOver(nanoseconds: nanoseconds) }
        for index in failures.indices {
            if let code = failures[index].errorCode(of: operation, path) { return .fail(code) }
        }
        return .proceed
    }
}

/// A worker whose steps take longer for a time.
private struct Slowness: Sendable {
    private let factor: Double?
    private let addedMilliseconds: Int
    private let end: Int64
    private var last: Int64?
    private var lastPause = 0

    init(_ fault: Fault, nanoseconds: Int64) {
        factor = fault.factor
        addedMilliseconds = fault.addedMilliseconds ?? 0
        end = fault.durationMilliseconds.map { nanoseconds + Int64($0) * 1_000_000 } ?? .max
    }

    func isOver(nanoseconds: Int64) -> Bool { nanoseconds >= end }

    /// The time between two beginnings, less the pause in it, is a step's own.
    mutating func pause(nanoseconds: Int64) -> Int {
        let own = last.map { Double(nanoseconds - $0) / 1e6 - Double(lastPause) } ?? 0
        last = nanoseconds
        let stretched = factor.map { min(max(0, own) * ($0 - 1), 60_000) } ?? 0
        lastPause = addedMilliseconds + Int(stretched)
        return lastPause
    }
}

/// Operations on files that fail for a time or so many times.
private struct FileFailure: Sendable {
    private let kind: FaultKind
    private let file: String?
    private let end: Int64
    private var remaining: Int

    /// How long a disk is full unless the fault says so.
    private static let fullMilliseconds = 500

    init(_ fault: Fault, nanoseconds: Int64) {
        kind = fault.kind
        file = fault.file
        if fault.kind == .diskFull {
            remaining = .max
            end = nanoseconds + Int64(fault.durationMilliseconds ?? Self.fullMilliseconds) * 1_000_000
        } else {
            remaining = fault.times ?? 1
            end = .max
        }
    }

    func isOver(nanoseconds: Int64) -> Bool { remaining <= 0 || nanoseconds >= end }

    /// The error with which an operation fails, or nil when it goes on as always.
    mutating func errorCode(of operation: FileOperation, _ path: String) -> Int32? {
        guard remaining > 0, concerns(operation), concerns(path) else { return nil }
        if kind != .diskFull { remaining -= 1 }
        return kind == .diskFull ? ENOSPC : EIO
    }

    private func concerns(_ operation: FileOperation) -> Bool {
        switch kind {
        case .diskFull: operation == .write || operation == .allocate
        case .failWrite: operation == .write
        case .failSynchronize: operation == .synchronize
        default: operation == .rename
        }
    }

    private func concerns(_ path: String) -> Bool {
        guard let file else { return true }
        let name = path.utf8.split(separator: UInt8(ascii: "/")).last.map { String($0) ?? "" } ?? ""
        return name.contains(file)
    }
}
