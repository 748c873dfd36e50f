/// Times of questions and answers over one connection, sent at an even pace.
struct RoundTrips: Sendable, Equatable {
    private struct Sample: Equatable {
        var nanoseconds: Int
        /// How far the other clock was ahead of this one, if the answer was sent halfway.
        var clockOffsetNanoseconds: Int
    }

    private(set) var sentCount = 0
    /// Ordered by their time.
    private var samples: [Sample] = []

    init() {}

    mutating func noteSent() {
        sentCount += 1
    }

    /// An answer arrived `nanoseconds` after its question, when this host's wall clock showed `clock`; the other host's
    /// showed `otherClock` when it answered.
    mutating func noteAnswer(nanoseconds: Int, clock: Int, otherClock: Int) {
        let sample = Sample(
            nanoseconds: nanoseconds, clockOffsetNanoseconds: otherClock &- (clock &- nanoseconds / 2))
        let place = samples.firstIndex { $0.nanoseconds > nanoseconds } ?? samples.endIndex
        samples.insert(sample, at: place)
    }

    var answeredCount: Int { samples.count }

    /// Half of the answers took longer; nil without any.
    var medianMilliseconds: Double? {
        samples.isEmpty ? nil : Double(samples[samples.count / 2].nanoseconds) / 1e6
    }

    var maximumMilliseconds: Double? { samples.last.map { Double($0.nanoseconds) / 1e6 } }

    /// That of the quickest answer, whose error is smallest.
    var clockOffsetMilliseconds: Double? { samples.first.map { Double($0.clockOffsetNanoseconds) / 1e6 } }

    /// Answers that took as long as the repetition of a lost segment takes at least.
    var lateCount: Int {
        guard let median = medianMilliseconds else { return 0 }
        return samples.count { Double($0.nanoseconds) / 1e6 >= median + Self.lateMilliseconds }
    }

    private static let lateMilliseconds = 150.0
}
