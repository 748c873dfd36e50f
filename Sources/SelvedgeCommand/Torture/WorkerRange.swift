import ArgumentParser
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
