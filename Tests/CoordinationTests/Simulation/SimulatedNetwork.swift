import TestSupport

/// How the simulated network treats messages now. A place is a worker's slot, or the coordinator.
struct SimulatedNetwork {
    static let coordinator = -1

    /// Messages that are lost or duplicated, in percent.
    var lossPercent: UInt64 = 0
    var duplicationPercent: UInt64 = 0
    /// What frames between two workers take longer when one of them is at a place.
    var frameDelayMilliseconds: [Int: UInt64] = [:]
    private let delayMilliseconds: ClosedRange<UInt64>
    private let keepsOrder: Bool
    /// Links that carry nothing, in one direction.
    private var cut: Set<Link> = []
    private var lastArrivals: [Link: UInt64] = [:]

    private struct Link: Hashable {
        var from: Int
        var to: Int
    }

    init(delayMilliseconds: ClosedRange<UInt64>, keepsOrder: Bool) {
        self.delayMilliseconds = delayMilliseconds
        self.keepsOrder = keepsOrder
    }

    func isCut(from: Int, to: Int) -> Bool { !cut.isEmpty && cut.contains(Link(from: from, to: to)) }

    mutating func cut(from: Int, to: Int) { cut.insert(Link(from: from, to: to)) }

    mutating func mend(from: Int, to: Int) { cut.remove(Link(from: from, to: to)) }

    mutating func mendAll() { cut = [] }

    private func frameDelay(from: Int, to: Int) -> UInt64 {
        guard from != Self.coordinator, to != Self.coordinator else { return 0 }
        return max(frameDelayMilliseconds[from] ?? 0, frameDelayMilliseconds[to] ?? 0)
    }

    /// When a message arrives that is sent now: not at all, once or twice.
    mutating func arrivals(from: Int, to: Int, now: UInt64, _ generator: inout SeededGenerator) -> [UInt64] {
        if isCut(from: from, to: to) { return [] }
        if lossPercent > 0, UInt64.random(in: 0..<100, using: &generator) < lossPercent { return [] }
        let isTwice = duplicationPercent > 0 && UInt64.random(in: 0..<100, using: &generator) < duplicationPercent
        return (0..<(isTwice ? 2 : 1)).map { _ in
            let time = now + UInt64.random(in: delayMilliseconds, using: &generator) + frameDelay(from: from, to: to)
            guard keepsOrder else { return time }
            let link = Link(from: from, to: to)
            let ordered = max(time, lastArrivals[link] ?? 0)
            lastArrivals[link] = ordered
            return ordered
        }
    }
}

/// A process's own clock: neither its zero nor its pace are those of others.
struct SimulatedClock {
    var offset: UInt64 = 0
    var partsPerMillion: Int64 = 0

    func local(_ time: UInt64) -> UInt64 {
        offset &+ time &+ UInt64(bitPattern: Int64(time) * partsPerMillion / 1_000_000)
    }
}
