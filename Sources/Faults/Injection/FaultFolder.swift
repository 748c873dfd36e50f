import Glibc
import Runs

/// The folder that the processes of a run share for their faults: a mark for each triggered fault, the list of them,
/// and the moment at which training began.
package struct FaultFolder: Sendable {
    package let path: String

    package init(_ path: String) {
        self.path = path
    }

    /// One JSON object for each triggered fault, in their order.
    private var listPath: String { path + "/fired.jsonl" }

    /// Marks a fault as triggered; false when it is marked already or the folder cannot be written.
    func mark(_ number: Int) -> Bool {
        let descriptor = open("\(path)/fault-\(number)", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        close(descriptor)
        return true
    }

    func append(_ fault: TriggeredFault) {
        let line = Array((fault.jsonLine + "\n").utf8)
        let descriptor = open(listPath, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        _ = write(descriptor, line, line.count)
        close(descriptor)
    }

    /// All triggered faults, the earliest first. Lines that are incomplete or damaged are ignored.
    package var triggered: [TriggeredFault] {
        guard let bytes = try? FileOperations().read(listPath, byteLimit: Self.listByteLimit) else { return [] }
        let faults = bytes.split(separator: UInt8(ascii: "\n")).compactMap { TriggeredFault(jsonLine: Array($0)) }
        return faults.sorted { $0.nanoseconds < $1.nanoseconds }
    }

    private static let listByteLimit = 64 << 20

    // MARK: The beginning of training

    private var startPath: String { path + "/start" }

    /// When training began, by the monotonic clock; nil before.
    var start: Int64? {
        var text = [UInt8](repeating: 0, count: 32)
        let descriptor = open(startPath, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let count = read(descriptor, &text, text.count)
        guard count > 0 else { return nil }
        return Int64(String(decoding: text[..<count], as: UTF8.self))
    }

    /// Records that training begins now, unless it has begun; returns when it began.
    func begin(nanoseconds: Int64) -> Int64 {
        if let start { return start }
        // The first process that links the file wins; the file is complete before it has its name.
        let own = "\(startPath)-\(getpid())-\(nanoseconds)"
        let text = Array(String(nanoseconds).utf8)
        let descriptor = open(own, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nanoseconds }
        _ = write(descriptor, text, text.count)
        close(descriptor)
        link(own, startPath)
        unlink(own)
        return start ?? nanoseconds
    }
}

/// A fault that was triggered: a line of fired.jsonl.
package struct TriggeredFault: Sendable, Equatable {
    /// The fault's place in the plan, from 0.
    package var number: Int
    package var fault: Fault
    package var processIdentifier: Int32
    package var point: Failpoint?
    package var step: UInt64
    /// By the monotonic clock.
    package var nanoseconds: Int64

    package init(
        number: Int, fault: Fault, processIdentifier: Int32, point: Failpoint?, step: UInt64, nanoseconds: Int64
    ) {
        self.number = number
        self.fault = fault
        self.processIdentifier = processIdentifier
        self.point = point
        self.step = step
        self.nanoseconds = nanoseconds
    }

    /// The line without its end.
    var jsonLine: String {
        let fields = [
            "\"number\":\(number)",
            "\"fault\":\(JSONText.string(fault.description))",
            "\"process\":\(JSONText.string(fault.target.name))",
            "\"pid\":\(processIdentifier)",
            "\"phase\":\(point.map { JSONText.string($0.rawValue) } ?? "null")",
            "\"step\":\(step)",
            "\"monotonic_ns\":\(nanoseconds)",
        ]
        return "{\(fields.joined(separator: ","))}"
    }

    /// Reads a line; nil for anything else than what `jsonLine` writes.
    init?(jsonLine line: [UInt8]) {
        guard let object = try? JSONValue(parsing: line).object, let text = object["fault"]?.string,
            let fault = try? Fault(parsing: text), let number = object["number"]?.whole,
            let identifier = object["pid"]?.whole, let step = object["step"]?.whole,
            let nanoseconds = object["monotonic_ns"]?.whole
        else { return nil }
        self.init(
            number: number, fault: fault, processIdentifier: Int32(clamping: identifier),
            point: object["phase"]?.string.flatMap(Failpoint.init), step: UInt64(clamping: step),
            nanoseconds: Int64(nanoseconds))
    }
}

extension Collection<Fault> {
    /// The faults that are not among the triggered ones, in their order.
    package func neverTriggered(_ triggered: [TriggeredFault]) -> [Fault] {
        var rest = triggered.map(\.fault)
        return filter { fault in
            guard let index = rest.firstIndex(of: fault) else { return true }
            rest.remove(at: index)
            return false
        }
    }
}
