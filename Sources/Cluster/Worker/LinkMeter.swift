import Coordination
import Core
import Synchronization
import Transport

/// What a worker's connections to the other members of its view carried, for a report a second.
///
/// The compute thread names the view. The control thread asks, also while the compute thread waits for a slow link.
final class LinkMeter: Sendable {
    private struct Content {
        var generation: UInt64 = 0
        /// Nil while this worker has no peers.
        var connections: ConnectionBoard?
        /// At the last report, by rank.
        var last: [Int: TCPUse] = [:]
        var reportedMilliseconds: UInt64 = 0
    }

    private static let intervalMilliseconds: UInt64 = 1000

    private let content = Mutex(Content())

    /// A view begins, with new connections; nil for a worker without peers.
    func enter(generation: UInt64, connections: ConnectionBoard?, now: UInt64) {
        content.withLock {
            $0 = Content(generation: generation, connections: connections, reportedMilliseconds: now)
        }
    }

    /// The connections of the view are closed.
    func leave() {
        content.withLock { $0 = Content() }
    }

    /// What the connections carried since the last report; nil before a second is over, and where they carried nothing.
    func takeReport(now: UInt64) -> LinkReport? {
        content.withLock { content in
            let begin = content.reportedMilliseconds
            guard let connections = content.connections, now >= begin + Self.intervalMilliseconds else { return nil }
            content.reportedMilliseconds = now
            var links: [LinkReport.Link] = []
            for (rank, use) in connections.uses {
                let recent = use.since(content.last[rank] ?? .none)
                content.last[rank] = use
                guard recent.sentSegmentCount > 0 || recent.busyMicroseconds > 0 else { continue }
                links.append(LinkReport.Link(rank: rank, use: LinkUse(recent, milliseconds: now - begin)))
            }
            guard !links.isEmpty else { return nil }
            links.sort { ($1.use.busyMicroseconds, $0.rank) < ($0.use.busyMicroseconds, $1.rank) }
            return LinkReport(
                generation: content.generation, links: Array(links.prefix(WireLimits.reportedLinkCount)))
        }
    }
}

extension LinkUse {
    /// Figures of the kernel, which cover so many milliseconds.
    init(_ use: TCPUse, milliseconds: UInt64) {
        self.init(
            milliseconds: milliseconds, sentSegmentCount: use.sentSegmentCount,
            lostSegmentCount: use.lostSegmentCount, acknowledgedByteCount: use.acknowledgedByteCount,
            busyMicroseconds: use.busyMicroseconds, roundTripMicroseconds: use.roundTripMicroseconds)
    }
}
