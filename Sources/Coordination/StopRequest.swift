/// A signal that asked a process to end, and the time it has to save the run's state first.
struct StopRequest: Equatable {
    /// Terminals and schedulers may deliver one request more than once within this time.
    static let repetitionMilliseconds: UInt64 = 250

    let signal: Int32
    private let since: UInt64
    private let graceMilliseconds: UInt64

    init(signal: Int32, graceMilliseconds: UInt64, now: UInt64) {
        self.signal = signal
        self.graceMilliseconds = graceMilliseconds
        since = now
    }

    /// Whether a further signal asks to end at once, without saving: a second SIGINT of a user. Schedulers repeat the
    /// other signals.
    func isOverruled(by signal: Int32, now: UInt64) -> Bool {
        signal == ProcessSignal.interrupt.rawValue && now >= since + Self.repetitionMilliseconds
    }

    /// Whether so many eighths of the grace time have passed.
    func hasUsed(eighths: UInt64, now: UInt64) -> Bool {
        now >= since + graceMilliseconds * eighths / 8
    }

    /// When the grace time is over.
    var deadline: UInt64 { since + graceMilliseconds }
}
