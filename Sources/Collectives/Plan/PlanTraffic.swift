/// What a plan sends, counted in elements of payload: roots and sums, without headers and statistics.
package struct PlanTraffic: Sendable, Hashable {
    /// Elements that each rank sends.
    package private(set) var elementCountsSent: [Int]
    /// Elements sent from one rank to another of the same host.
    package private(set) var elementCountInsideHosts = 0
    /// Elements sent from one host to another.
    package private(set) var elementCountBetweenHosts = 0

    private let hosts: [Int]
    /// Elements sent by each rank to each, the receivers of one sender after another.
    private var elementCounts: [Int]

    /// Elements that some ranks send to some.
    package func elementCount(from senders: [Int], to receivers: [Int]) -> Int {
        senders.reduce(0) { sum, sender in
            sum + receivers.reduce(0) { $0 + elementCounts[sender * hosts.count + $1] }
        }
    }

    package init(_ plan: ReductionPlan) {
        hosts = plan.ownership.hosts
        elementCountsSent = Array(repeating: 0, count: plan.ownership.workerCount)
        elementCounts = Array(repeating: 0, count: hosts.count * hosts.count)
        for segment in plan.segments where plan.algorithm != .alone { count(segment, of: plan) }
    }

    private mutating func count(_ segment: ReductionPlan.Segment, of plan: ReductionPlan) {
        let elementCount = segment.elements.count
        let collectors = plan.ownership.groups.indices.map { plan.collector(of: segment, in: $0) }
        let adders = segment.adder.map { [collectors[$0]] } ?? collectors
        for root in plan.roots {
            let collector = collectors[root.group]
            for part in root.parts { count(elementCount, from: part.rank, to: collector) }
            for adder in adders { count(elementCount, from: collector, to: adder) }
        }
        for (group, collector) in zip(plan.ownership.groups, collectors) {
            if segment.adder != nil { count(elementCount, from: adders[0], to: collector) }
            for rank in group.ranks { count(elementCount, from: collector, to: rank) }
        }
    }

    private mutating func count(_ elementCount: Int, from sender: Int, to receiver: Int) {
        guard sender != receiver else { return }
        elementCountsSent[sender] += elementCount
        elementCounts[sender * hosts.count + receiver] += elementCount
        if hosts[sender] == hosts[receiver] {
            elementCountInsideHosts += elementCount
        } else {
            elementCountBetweenHosts += elementCount
        }
    }
}
