/// Numbers the exchanges of a run: in each round first the sums that a pass agrees on, then the gradients, then what
/// an audit found.
final class AgreementCounter {
    private let count: Int
    /// Floats of the longest sum.
    let longest: Int
    /// Sums that this round's pass has agreed on.
    var done = 0

    /// `sumCounts` has the floats of each sum of a pass.
    init(_ sumCounts: [Int]) {
        count = sumCounts.count
        longest = sumCounts.max() ?? 0
    }

    /// The number of the round's audit: its last exchange.
    func auditNumber(ofRound round: Int) -> UInt64 { firstNumber(ofRound: round) + UInt64(count) + 1 }

    var isComplete: Bool { done == count }

    /// The number of the round's next exchange.
    func number(ofRound round: Int) -> UInt64 { firstNumber(ofRound: round) + UInt64(done) }

    func firstNumber(ofRound round: Int) -> UInt64 { UInt64(round) * UInt64(count + 2) }
}
