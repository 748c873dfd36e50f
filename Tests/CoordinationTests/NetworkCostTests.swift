import Testing

@testable import Coordination

@Suite("Cost of the network")
struct NetworkCostTests {
    private static func host(_ name: String, _ microBatchNanoseconds: [UInt64]) -> OwnerHost {
        OwnerHost(
            identifier: HostIdentifier(high: 0, low: UInt64(name.utf8.first ?? 0)), name: name,
            microBatchNanoseconds: microBatchNanoseconds)
    }

    /// Two hosts of one worker that takes 2 ms for a micro-batch: one alone needs 16 ms for a step of 8.
    private static let hosts = [
        host("a", [2_000_000]), host("b", [2_500_000]),
    ]

    /// Trains for some seconds with steps of one length, reported 20 times a second.
    private func findings(
        _ cost: inout NetworkCost, stepMicroseconds: UInt64, hosts: [OwnerHost] = hosts, seconds: UInt64 = 20,
        from start: UInt64 = 0, generation: UInt64 = 1
    ) -> [NetworkCost.Finding] {
        stride(from: start, to: start + seconds * 1000, by: 50).compactMap { now in
            cost.note(completedSteps: now * 1000 / stepMicroseconds, generation: generation, hosts: hosts, now: now)
        }
    }

    @Test func `a step that one host alone would compute faster is reported once, with figures`() {
        var cost = NetworkCost(microBatchCount: 8)
        let found = findings(&cost, stepMicroseconds: 50_000)
        #expect(
            found == [
                .init(hostCount: 2, stepMicroseconds: 50_000, host: "a", aloneMicroseconds: 16_000)
            ])
        #expect(findings(&cost, stepMicroseconds: 50_000, from: 60_000, generation: 2).isEmpty)
    }

    @Test func `a network that is worth its time is not reported`() {
        var cost = NetworkCost(microBatchCount: 8)
        #expect(findings(&cost, stepMicroseconds: 9_000).isEmpty)
        // Within the error of the measurements.
        #expect(findings(&cost, stepMicroseconds: 19_000, from: 60_000).isEmpty)
        #expect(!findings(&cost, stepMicroseconds: 25_000, from: 120_000).isEmpty)
    }

    @Test func `workers of one host are taken together`() {
        var cost = NetworkCost(microBatchCount: 8)
        let two = Self.host("a", [2_000_000, 1_000_000])
        #expect(findings(&cost, stepMicroseconds: 50_000, hosts: [two]).isEmpty)
        let found = findings(&cost, stepMicroseconds: 50_000, hosts: [two, Self.hosts[1]], from: 60_000)
        #expect(found.map(\.aloneMicroseconds) == [8_000])
    }

    @Test func `times that are not known, short loads and the ends of epochs are no reason`() {
        var cost = NetworkCost(microBatchCount: 8)
        let unknown = [Self.host("a", [0]), Self.host("b", [0])]
        #expect(findings(&cost, stepMicroseconds: 50_000, hosts: unknown).isEmpty)
        #expect(findings(&cost, stepMicroseconds: 50_000, seconds: 4, from: 60_000, generation: 2).isEmpty)
        #expect(findings(&cost, stepMicroseconds: 9_000, seconds: 4, from: 64_000, generation: 3).isEmpty)
        for start in stride(from: UInt64(100_000), to: 130_000, by: 1000) {
            #expect(findings(&cost, stepMicroseconds: 50_000, seconds: 1, from: start, generation: 4).isEmpty)
            cost.interrupt()
        }
    }

    @Test func `slow steps are measured over longer times`() {
        var cost = NetworkCost(microBatchCount: 8)
        let slow = Self.hosts.map { Self.host($0.name, [200_000_000]) }
        let found = findings(&cost, stepMicroseconds: 4_000_000, hosts: slow, seconds: 120)
        #expect(found.map(\.stepMicroseconds) == [4_000_000])
    }
}
