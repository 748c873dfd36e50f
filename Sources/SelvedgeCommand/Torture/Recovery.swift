import Foundation

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
    }
}
