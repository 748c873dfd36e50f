import Foundation

<<<<<<<< HEAD:Sources/selvedge/Torture/Recovery.swift
/// A line of timings.jsonl with the key `recovery`: what a change of members cost.
struct Recovery: Equatable {
    var generation: UInt64
    var cause: String
    /// When the loss was noticed, of the monotonic clock.
    var noticedNanoseconds: Int64
    /// When the next step was complete.
    var recoveredNanoseconds: Int64
    var redoneMicroBatches: Int

    /// The coordinator counts milliseconds, rounded down.
    static let resolutionNanoseconds: Int64 = 1_000_000

    /// All recoveries in a timings file, in its order. Lines of other things are passed over.
    static func all(inTimings path: String) -> [Recovery] {
        let bytes = FileManager.default.contents(atPath: path) ?? Data()
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let object = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
            return (object?["recovery"] as? [String: Any]).flatMap(Recovery.init)
        }
    }

    private init?(_ fields: [String: Any]) {
        func number(_ name: String) -> Int64? { (fields[name] as? NSNumber)?.int64Value }
        guard let noticed = number("noticed_ns"), let recovered = number("recovered_ns"), recovered >= noticed else {
            return nil
        }
        generation = UInt64(max(0, number("generation") ?? 0))
        cause = fields["cause"] as? String ?? ""
        noticedNanoseconds = noticed
        recoveredNanoseconds = recovered
        redoneMicroBatches = Int(number("redone_micro_batches") ?? 0)
========
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
>>>>>>>> 1eb0fef (Types have files of their own names: exit codes, ends of children, micro-batch runs, timing, broken links, torture's results):Sources/selvedge/Torture/StruckFault.swift
    }
}
