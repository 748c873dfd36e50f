import Faults
import Foundation

/// A line of fired.jsonl: a fault that struck.
struct StruckFault: Equatable {
    var kind: FaultKind
    var text: String
    /// Of the monotonic clock.
    var nanoseconds: Int64

    private struct Line: Decodable {
        var fault: String
        var nanoseconds: Int64

        enum CodingKeys: String, CodingKey {
            case fault
            case nanoseconds = "monotonic_ns"
        }
    }

    /// All faults that struck, the earliest first. A line that is still being written does not count.
    static func all(in folder: String) -> [StruckFault] {
        let bytes = FileManager.default.contents(atPath: "\(folder)/\(FaultEnvironment.firedName)") ?? Data()
        let lines = bytes.split(separator: UInt8(ascii: "\n")).compactMap { line -> StruckFault? in
            guard let line = try? JSONDecoder().decode(Line.self, from: Data(line)),
                let fault = try? Fault(parsing: line.fault)
            else { return nil }
            return StruckFault(kind: fault.kind, text: line.fault, nanoseconds: line.nanoseconds)
        }
        return lines.sorted { $0.nanoseconds < $1.nanoseconds }
    }
}

extension Collection<Fault> {
    /// Those that are not among the faults that struck, in their order.
    func thatStruckNobody(_ struck: [StruckFault]) -> [Fault] {
        var texts = struck.map(\.text)
        return filter { fault in
            guard let index = texts.firstIndex(of: fault.description) else { return true }
            texts.remove(at: index)
            return false
        }
    }
}
