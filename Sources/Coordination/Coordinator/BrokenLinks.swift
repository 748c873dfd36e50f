/// Links between live workers that broke, for as long as they are remembered.
struct BrokenLinks {
    private var breaks: [(first: UInt32, second: UInt32, time: UInt64)] = []

    /// Notes that the link between two workers broke; returns whether it had broken before within the time.
    mutating func add(_ first: UInt32, _ second: UInt32, within milliseconds: UInt64, now: UInt64) -> Bool {
        breaks.removeAll { now >= $0.time + milliseconds }
        let isRepeated = breaks.contains {
            [$0.first, $0.second].contains(first) && [$0.first, $0.second].contains(second)
        }
        breaks.append((first, second, now))
        return isRepeated
    }

    /// With how many different workers this one's links broke.
    func partnerCount(of worker: UInt32) -> Int {
        Set(
            breaks.filter { $0.first == worker || $0.second == worker }.map {
                $0.first == worker ? $0.second : $0.first
            }
        )
        .count
    }
}
