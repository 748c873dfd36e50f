import ArgumentParser
import Faults
import Foundation

/// `3` or `1..8`.
struct WorkerRange: ExpressibleByArgument {
    let range: ClosedRange<Int>

    init(range: ClosedRange<Int>) {
        self.range = range
    }

    init?(argument: String) {
        let bounds = argument.components(separatedBy: "..").map { Int($0) }
        guard let lower = bounds.first ?? nil, let upper = bounds.last ?? nil, bounds.count <= 2, lower > 0,
            upper >= lower
        else { return nil }
        range = lower...upper
    }

    var text: String { range.count == 1 ? String(range.lowerBound) : "\(range.lowerBound)..\(range.upperBound)" }

    var defaultValueDescription: String { text }
}

/// Kinds of faults, separated by commas.
struct FaultKindList: ExpressibleByArgument {
    let kinds: [FaultKind]

    init(kinds: [FaultKind]) {
        self.kinds = kinds
    }

    init?(argument: String) {
        let kinds = argument.split(separator: ",").map { FaultKind(rawValue: String($0)) }
        guard !kinds.isEmpty, !kinds.contains(nil) else { return nil }
        self.kinds = kinds.compactMap { $0 }
    }

    var text: String { kinds.map(\.rawValue).joined(separator: ",") }

    static var allValueStrings: [String] { FaultKind.allCases.map(\.rawValue) }

    var defaultValueDescription: String { "all" }
}
