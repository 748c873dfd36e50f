import Cluster
import Glibc

/// The signals that end a campaign. From the beginning of its life they wait until somebody asks for them.
final class TortureInterruption {
    private let signals = SignalWait(signals: [SIGINT, SIGTERM, SIGHUP])

    /// The next signal that has arrived; nil when there is none.
    func next() -> Int32? { signals.next(timeoutMilliseconds: 0) }
}

/// A signal ended a campaign, and its processes are gone.
struct TortureInterrupted: Error {
    var signal: Int32
}
