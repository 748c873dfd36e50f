import Glibc
import Runs

/// A fault with its number in the whole plan.
struct PlannedFault: Sendable, Equatable {
    var number: Int
    var fault: Fault
}

/// The faults of this process that are not yet triggered, and the effects of those that last. Time is an argument.
struct FaultSchedule: Sendable {
    private let target: FaultTarget
    /// Faults that wait for a failpoint, with the number of times that it has still to be reached.
    private var placed: [(planned: PlannedFault, remaining: Int)] = []
    private var timed: [(milliseconds: Int, planned: PlannedFault)] = []
    private var clockHasBegun = false
    let hasFileFaults: Bool
    /// The failpoint that the process reached last.
    private(set) var place: (point: Failpoint?, step: UInt64) = (nil, 0)
    private var flips: [Fault] = []
    private var failures: [FileFailure] = []
    private var delays: [(milliseconds: Int, calls: FileFailure)] = []
    private var slowness: Slowness?
    private var disturbances: [MemoryDisturbance] = []
    /// Whether a fault of the plan disturbs the network of this process.
    let hasNetworkFaults: Bool

    init(_ planned: [PlannedFault], target: FaultTarget) {
        self.target = target
        hasFileFaults = planned.contains { $0.fault.kind.isFile }
        hasNetworkFaults = planned.contains { $0.fault.kind.isNetwork }
        for item in planned {
            switch item.fault.trigger {
            case .reached(_, _, let occurrence): placed.append((item, occurrence))
            case .after(let milliseconds): timed.append((milliseconds, item))
            }
        }
        timed.sort { $0.milliseconds < $1.milliseconds }
    }

    /// The faults to trigger at this failpoint.
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

    /// The faults to trigger after a time, the earliest first. A second call returns none.
    mutating func takeTimed() -> [(milliseconds: Int, planned: PlannedFault)] {
        defer { timed = [] }
        return timed
    }

    /// Whether this is the first call.
    mutating func beginsClock() -> Bool {
        defer { clockHasBegun = true }
        return !clockHasBegun
    }

    // MARK: Lasting effects

    mutating func slow(_ fault: Fault, nanoseconds: Int64) {
        slowness = Slowness(fault, nanoseconds: nanoseconds)
    }

    mutating func failFiles(_ fault: Fault, _ operations: [FileOperation], errorCode: Int32, nanoseconds: Int64) {
        failures.append(FileFailure(fault, operations, errorCode: errorCode, nanoseconds: nanoseconds))
    }

    /// Begins a fault of the network: a proxy disturbs the sockets of this process, and the process itself its frames
    /// in memory.
    mutating func disturb(_ planned: PlannedFault, nanoseconds: Int64) {
        guard let disturbance = MemoryDisturbance(planned, nanoseconds: nanoseconds) else { return }
        disturbances.append(disturbance)
    }

    /// What disturbs frames in memory now, over links that were made at this time.
    mutating func memoryFaults(linkedNanoseconds: Int64, nanoseconds: Int64) -> MemoryFaults {
        guard !disturbances.isEmpty else { return MemoryFaults.none }
        disturbances.removeAll { nanoseconds >= $0.end }
        return disturbances.filter { !$0.concernsOpenLinks || linkedNanoseconds < $0.begin }
            .reduce(into: MemoryFaults.none) { $0.add($1.effect) }
    }

    mutating func slowFiles(_ fault: Fault, _ operations: [FileOperation], nanoseconds: Int64) {
        let calls = FileFailure(fault, operations, errorCode: 0, nanoseconds: nanoseconds)
        delays.append((fault.whole(.added) ?? 0, calls))
    }

    mutating func flip(_ fault: Fault) { flips.append(fault) }

    /// The bit flips of a kind that are due. A second call returns none.
    mutating func takeFlips(_ kind: FaultKind) -> [Fault] {
        defer { flips.removeAll { $0.kind == kind } }
        return flips.filter { $0.kind == kind }
    }

    /// By how many milliseconds to delay the step that begins.
    mutating func pause(nanoseconds: Int64) -> Int {
        if slowness?.isOver(nanoseconds: nanoseconds) ?? true { slowness = nil }
        return slowness?.pause(nanoseconds: nanoseconds) ?? 0
    }

    /// By how many milliseconds to delay an operation on a file.
    mutating func delay(of operation: FileOperation, _ path: String, nanoseconds: Int64) -> Int {
        delays.removeAll { $0.calls.isOver(nanoseconds: nanoseconds) }
        var sum = 0
        for index in delays.indices where delays[index].calls.errorCode(of: operation, path) != nil {
            sum += delays[index].milliseconds
        }
        return sum
    }

    /// Whether an operation on a file fails.
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

/// Makes the steps of a worker longer for a time.
private struct Slowness: Sendable {
    private let factor: Double?
    private let addedMilliseconds: Int
    private let end: Int64
    private var last: Int64?
    private var lastPause = 0

    init(_ fault: Fault, nanoseconds: Int64) {
        factor = fault.number(.factor)
        addedMilliseconds = fault.whole(.added) ?? 0
        end = fault.durationMilliseconds.map { nanoseconds + Int64($0) * 1_000_000 } ?? .max
    }

    func isOver(nanoseconds: Int64) -> Bool { nanoseconds >= end }

    /// The pause before the step that begins. A step's duration is the time since the last call without that call's
    /// pause.
    mutating func pause(nanoseconds: Int64) -> Int {
        let own = last.map { Double(nanoseconds - $0) / 1e6 - Double(lastPause) } ?? 0
        last = nanoseconds
        let stretched = factor.map { min(max(0, own) * ($0 - 1), 60_000) } ?? 0
        lastPause = addedMilliseconds + Int(stretched)
        return lastPause
    }
}

/// The operations on files that a fault concerns, for a time or a number of times.
private struct FileFailure: Sendable {
    private let operations: [FileOperation]
    private let errorCode: Int32
    private let file: String?
    private let end: Int64
    private var remaining: Int

    init(_ fault: Fault, _ operations: [FileOperation], errorCode: Int32, nanoseconds: Int64) {
        self.operations = operations
        self.errorCode = errorCode
        file = fault.text(.file)
        remaining = fault.whole(.times) ?? .max
        end = fault.durationMilliseconds.map { nanoseconds + Int64($0) * 1_000_000 } ?? .max
    }

    func isOver(nanoseconds: Int64) -> Bool { remaining <= 0 || nanoseconds >= end }

    /// The error with which an operation fails, or nil when it is carried out.
    mutating func errorCode(of operation: FileOperation, _ path: String) -> Int32? {
        guard remaining > 0, operations.contains(operation), concerns(path) else { return nil }
        if remaining != .max { remaining -= 1 }
        return errorCode
    }

    private func concerns(_ path: String) -> Bool {
        guard let file else { return true }
        let name = path.utf8.split(separator: UInt8(ascii: "/")).last.map { String($0) ?? "" } ?? ""
        return name.contains(file)
    }
}
