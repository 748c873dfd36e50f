import Glibc
import Runs

/// A fault that struck: a line of fired.jsonl.
struct FiredFault {
    let planned: PlannedFault
    /// Of the monotonic clock.
    let nanoseconds: Int64
    let point: Failpoint?
    let step: UInt64

    init(_ planned: PlannedFault, nanoseconds: Int64, point: Failpoint?, step: UInt64) {
        self.planned = planned
        self.nanoseconds = nanoseconds
        self.point = point
        self.step = step
    }

    var jsonLine: String {
        let fields = [
            "\"number\":\(planned.number)",
            "\"fault\":\(JSONText.string(planned.fault.description))",
            "\"process\":\(JSONText.string(planned.fault.target.name))",
            "\"pid\":\(getpid())",
            "\"phase\":\(point.map { JSONText.string($0.rawValue) } ?? "null")",
            "\"step\":\(step)",
            "\"monotonic_ns\":\(nanoseconds)",
        ]
        return "{\(fields.joined(separator: ","))}"
    }
}
