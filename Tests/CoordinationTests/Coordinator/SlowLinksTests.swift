import Testing

@testable import Coordination

@Suite("Slow links")
struct SlowLinksTests {
    private var links = SlowLinks(now: 0)
    private var now: UInt64 = 0

    static func host(_ number: UInt64) -> HostIdentifier { HostIdentifier(high: 0, low: number) }

    static func link(_ from: UInt64?, _ to: UInt64) -> SlowLinks.Link {
        SlowLinks.Link(from: from.map { host($0) }, to: host(to))
    }

    /// Between workers with the numbers of their hosts.
    static func ends(of link: SlowLinks.Link) -> SlowLinks.Ends {
        SlowLinks.Ends(from: link.from.map { UInt32($0.low) }, to: UInt32(link.to.low))
    }

    static func use(
        sent: Int = 200, lost: Int = 0, bytes: Int = 250_000, busyMilliseconds: Int = 800,
        roundTripMilliseconds: Int = 40
    ) -> LinkUse {
        LinkUse(
            milliseconds: 1000, sentSegmentCount: sent, lostSegmentCount: lost, acknowledgedByteCount: bytes,
            busyMicroseconds: busyMilliseconds * 1000, roundTripMicroseconds: roundTripMilliseconds * 1000)
    }

    static let lossy = use(lost: 24)
    static let good = use(busyMilliseconds: 100, roundTripMilliseconds: 1)

    /// Reports the same in a number of windows; returns what is found at the end of each.
    private mutating func findings(
        _ use: LinkUse?, on reported: [SlowLinks.Link] = [Self.link(1, 2)], windows: Int = 1
    ) -> [SlowLinks.Finding] {
        (0..<windows).compactMap { _ in
            if let use {
                for link in reported { links.note(use, on: link, between: Self.ends(of: link)) }
            }
            now += 1000
            let hasEnded = links.endWindow(now: now)
            #expect(hasEnded)
            return links.nextFinding()
        }
    }

    @Test mutating func `a link that loses segments is reported after three windows, once, with its figures`() throws {
        #expect(findings(Self.lossy, windows: 2).isEmpty)
        let finding = try #require(findings(Self.lossy).first)
        #expect(finding.link == Self.link(1, 2) && finding.ends == SlowLinks.Ends(from: 1, to: 2))
        #expect(
            finding.figures
                == "in 3.0 s 12.0 % of 600 segments were lost, a round trip takes 40.0 ms, and 2.5 Mbit/s get through")
        #expect(findings(Self.lossy, windows: 20).isEmpty)
    }

    @Test mutating func `short messages whose acknowledgements are delayed are normal`() {
        let heartbeats = Self.use(sent: 40, bytes: 3000, busyMilliseconds: 900, roundTripMilliseconds: 26)
        #expect(findings(heartbeats, windows: 20).isEmpty)
    }

    @Test mutating func `the loss of a moment, and single segments, are normal`() {
        for _ in 0..<10 {
            #expect(findings(Self.lossy, windows: 2).isEmpty)
            #expect(findings(Self.good).isEmpty)
        }
        #expect(findings(Self.use(sent: 20, lost: 1, roundTripMilliseconds: 1), windows: 10).isEmpty)
        #expect(findings(Self.use(sent: 10_000, lost: 150, roundTripMilliseconds: 1), windows: 10).isEmpty)
    }

    @Test mutating func `a link is slow over which nothing arrives, or which is busy, narrow and far`() {
        let stalled = findings(Self.use(sent: 3, bytes: 0, busyMilliseconds: 1000), windows: 3).map(\.figures)
        #expect(stalled.count == 1 && stalled.allSatisfy { $0.hasSuffix("and nothing gets through") })
        links = SlowLinks(now: now)
        #expect(findings(Self.use(bytes: 1_000_000), windows: 3).count == 1)
        for use in [
            Self.use(bytes: 100_000_000), Self.use(busyMilliseconds: 300), Self.use(roundTripMilliseconds: 1),
            Self.use(sent: 3, bytes: 0, busyMilliseconds: 300),
        ] {
            links = SlowLinks(now: now)
            #expect(findings(use, windows: 10).isEmpty, "\(use)")
        }
    }

    @Test mutating func `windows without a report change nothing, and after ten of them nothing is known`() {
        #expect(findings(Self.lossy, windows: 2).isEmpty)
        #expect(findings(nil, windows: 9).isEmpty)
        #expect(findings(Self.lossy).count == 1)
        links = SlowLinks(now: now)
        #expect(findings(Self.lossy, windows: 2).isEmpty)
        #expect(findings(nil, windows: 10).isEmpty)
        #expect(findings(Self.lossy, windows: 2).isEmpty)
    }

    @Test mutating func `links within a host do not count, and those of the coordinator do`() throws {
        #expect(findings(Self.lossy, on: [Self.link(1, 1)], windows: 10).isEmpty)
        let own = Self.link(nil, 1)
        #expect(findings(Self.lossy, on: [own], windows: 3).map(\.link) == [own])
    }

    @Test mutating func `the links of one bad host are one finding, those of a second host another`() {
        func pair(_ first: UInt64, _ second: UInt64) -> [SlowLinks.Link] {
            [Self.link(first, second), Self.link(second, first)]
        }
        let bad = pair(1, 3) + pair(2, 3) + pair(4, 3) + pair(5, 3)
        #expect(findings(Self.lossy, on: bad, windows: 20).count == 1)
        #expect(findings(Self.lossy, on: bad + pair(4, 5) + pair(4, 1), windows: 20).count == 1)
    }

    @Test mutating func `a worker that joins again and again has the link of its host, and the busiest counts`() throws
    {
        for number in 1..<3 as Range<UInt32> {
            for worker in [10 * number, 10 * number + 1] {
                let use = worker.isMultiple(of: 10) ? Self.lossy : Self.good
                links.note(use, on: Self.link(1, 2), between: .init(from: 1, to: worker))
            }
            #expect(findings(nil).isEmpty)
        }
        #expect(findings(Self.lossy).map(\.ends.to) == [2])
    }

    @Test mutating func `more reports than a second has do not count`() {
        for number in 0..<10_000 as Range<UInt32> {
            let use = Self.use(sent: .max, lost: .max, bytes: .max, busyMilliseconds: 1000)
            links.note(use, on: Self.link(1, 2), between: .init(from: 1, to: number % 100))
        }
        #expect(findings(nil).isEmpty)
        #expect(links.busyThousandths(among: [Self.host(1), Self.host(2)]) == 1000)
        #expect(links.busyThousandths(among: [Self.host(1), Self.host(3)]) == 0)
    }
}

@Suite("Hosts with slow links")
struct SlowHostsTests {
    private var links = SlowLinks(now: 0)
    private var hosts = SlowHosts(microBatchCount: 8, minimumOwnerCount: 1)
    private var now: UInt64 = 0
    private var completedSteps: UInt64 = 0

    /// One owner each, which takes 2 ms for a micro-batch: two of them need 8 ms for a step, one needs 16.
    private static func owners(_ count: UInt64, nanoseconds: UInt64 = 2_000_000) -> [OwnerHost] {
        (1...count).map { number in
            OwnerHost(
                identifier: HostIdentifier(high: 0, low: number), name: "host\(number)", hasCoordinator: number == 1,
                microBatchNanoseconds: [nanoseconds])
        }
    }

    private mutating func note(_ busyMilliseconds: Int, from: UInt64, to: UInt64) {
        let link = SlowLinksTests.link(from, to)
        links.note(
            SlowLinksTests.use(busyMilliseconds: busyMilliseconds), on: link, between: SlowLinksTests.ends(of: link))
    }

    /// Trains for some windows, while the links of host 3 of three, or 2 of two, are busy.
    private mutating func findings(
        stepMilliseconds: UInt64, windows: Int, owners: [OwnerHost] = Self.owners(3), busyMilliseconds: Int = 800
    ) -> [SlowHosts.Finding] {
        (0..<windows).compactMap { _ in
            let slow = UInt64(owners.count)
            for other in 1..<slow {
                note(busyMilliseconds, from: other, to: slow)
                note(busyMilliseconds, from: slow, to: other)
            }
            if slow > 2 { note(50, from: 1, to: 2) }
            now += 1000
            _ = links.endWindow(now: now)
            completedSteps = stepMilliseconds == 0 ? completedSteps : now / stepMilliseconds
            return hosts.endWindow(completedSteps: completedSteps, hosts: owners, links: links, now: now)
        }
    }

    @Test mutating func `a host without which a step takes much less is evicted after four windows`() throws {
        #expect(findings(stepMilliseconds: 100, windows: 4).isEmpty, "the first window has no beginning")
        let finding = try #require(findings(stepMilliseconds: 100, windows: 1).first)
        #expect(finding.host.low == 3 && !finding.isNeeded)
        // Of ten steps in a second one may be on its way: 90.9 ms. The two others compute for 8 ms and wait for a
        // twentieth of the time.
        #expect(finding.stepMicroseconds == 90_909 && finding.aloneMicroseconds == 8_000 + 4_545)
        #expect(hosts.evicted == [finding.host])
    }

    @Test mutating func `the others wait where they would not be much faster, or where something else takes the time`()
    {
        #expect(findings(stepMilliseconds: 10, windows: 20).isEmpty)
        #expect(findings(stepMilliseconds: 100, windows: 20, busyMilliseconds: 90).isEmpty)
        #expect(findings(stepMilliseconds: 100, windows: 20, owners: Self.owners(3, nanoseconds: 0)).isEmpty)
        #expect(findings(stepMilliseconds: 100, windows: 20, owners: Self.owners(2, nanoseconds: 10_000_000)).isEmpty)
        #expect(findings(stepMilliseconds: 100, windows: 20, owners: Self.owners(1)).isEmpty)
    }

    @Test mutating func `four windows in a row have to agree, and an end of an epoch in between does not count`() {
        for _ in 0..<5 {
            #expect(findings(stepMilliseconds: 100, windows: 4).isEmpty)
            #expect(findings(stepMilliseconds: 10, windows: 2).isEmpty)
        }
        var count = 0
        for _ in 0..<6 where count == 0 {
            hosts.interrupt()
            count += findings(stepMilliseconds: 100, windows: 2).count
        }
        #expect(count == 1)
    }

    @Test mutating func `a step that does not end counts for as long as it takes`() throws {
        _ = findings(stepMilliseconds: 100, windows: 2, owners: Self.owners(3, nanoseconds: 200_000_000))
        let finding = try #require(
            findings(stepMilliseconds: 0, windows: 10, owners: Self.owners(3, nanoseconds: 200_000_000)).first)
        #expect(finding.host.low == 3 && finding.stepMicroseconds >= 5_000_000)
    }

    @Test mutating func `of two hosts the coordinator's stays`() {
        #expect(findings(stepMilliseconds: 100, windows: 6, owners: Self.owners(2)).map(\.host.low) == [2])
    }

    @Test mutating func `a host that is needed stays, and that is reported once`() {
        hosts = SlowHosts(microBatchCount: 8, minimumOwnerCount: 3)
        #expect(findings(stepMilliseconds: 100, windows: 30).map(\.isNeeded) == [true])
        #expect(hosts.evicted.isEmpty)
    }

    @Test mutating func `after an eviction four windows have to agree again`() {
        #expect(findings(stepMilliseconds: 100, windows: 5).count == 1)
        #expect(findings(stepMilliseconds: 100, windows: 4, owners: Self.owners(2)).isEmpty)
        #expect(findings(stepMilliseconds: 100, windows: 1, owners: Self.owners(2)).count == 1)
    }
}
