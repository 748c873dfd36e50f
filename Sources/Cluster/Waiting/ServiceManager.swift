import Glibc

/// The service manager that started this process and waits for its notifications: systemd's side of sd_notify(3).
///
/// A notification is one datagram of `NAME=VALUE` lines to the socket in `NOTIFY_SOCKET`.
struct ServiceManager: Sendable {
    enum Notice: Sendable, Equatable {
        /// The service is up.
        case ready
        /// The service ends by itself.
        case stopping
        /// A line for people.
        case status(String)
        /// A sign of life for the watchdog.
        case alive

        fileprivate var line: String {
            switch self {
            case .ready: "READY=1"
            case .stopping: "STOPPING=1"
            // A line end would begin another notification.
            case .status(let text): "STATUS=\(text.prefix { !$0.isNewline })"
            case .alive: "WATCHDOG=1"
            }
        }
    }

    /// How long the watchdog waits for a sign of life; nil where there is none.
    let watchdogMilliseconds: UInt64?
    private let path: String

    /// Nil where `environment` names no socket. The watchdog is another process's where `WATCHDOG_PID` says so.
    init?(environment: [String: String], processIdentifier: Int32 = getpid()) {
        guard let path = environment["NOTIFY_SOCKET"], path.hasPrefix("/") || path.hasPrefix("@"),
            2..<MemoryLayout.size(ofValue: sockaddr_un().sun_path) ~= path.utf8.count
        else { return nil }
        self.path = path
        let isWatched = environment["WATCHDOG_PID"].map { $0 == String(processIdentifier) } ?? true
        let microseconds = environment["WATCHDOG_USEC"].flatMap { UInt64($0) } ?? 0
        watchdogMilliseconds = isWatched && microseconds >= 1000 ? microseconds / 1000 : nil
    }

    /// Sends the notices in one datagram. Never waits; a manager that does not take it is not an error.
    func send(_ notices: [Notice]) {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // An at sign stands for the zero byte of an abstract name.
        let name = path.hasPrefix("@") ? [0] + Array(path.utf8.dropFirst()) : Array(path.utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        // The length tells an abstract name's end.
        let length = MemoryLayout<sockaddr_un>.offset(of: \.sun_path).map { $0 + name.count } ?? 0
        let message = Array(notices.map(\.line).joined(separator: "\n").utf8)
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = sendto(
                    descriptor, message, message.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT), $0,
                    socklen_t(length))
            }
        }
    }
}

/// Decides when a watchdog gets a sign of life: at half of its interval, while the work makes progress or there is none.
struct WatchdogFeed: Sendable {
    private let pauseMilliseconds: UInt64
    private var lastMilliseconds: UInt64
    private var lastProgress: UInt64?

    init(watchdogMilliseconds: UInt64, now: UInt64) {
        pauseMilliseconds = max(1, watchdogMilliseconds / 2)
        lastMilliseconds = now
    }

    /// Whether a sign is due; it then counts as sent. `progress` is any figure that changes with the work, `isBusy`
    /// whether there is work that has to change it.
    mutating func isDue(progress: UInt64, isBusy: Bool, now: UInt64) -> Bool {
        guard now >= lastMilliseconds + pauseMilliseconds else { return false }
        guard !isBusy || progress != lastProgress else { return false }
        lastMilliseconds = now
        lastProgress = progress
        return true
    }
}

/// Notifies the service manager of this process, if there is one: its start, what it does, its progress and its end.
struct ServiceNotifier: Sendable {
    private let manager: ServiceManager?
    private var feed: WatchdogFeed?
    private var lastStatus = ""
    private var nextStatusMilliseconds: UInt64 = 0

    private static let statusPauseMilliseconds: UInt64 = 5000

    /// A child of a supervisor is no service of its own.
    init(environment: [String: String], isSupervised: Bool, now: UInt64) {
        manager = isSupervised ? nil : ServiceManager(environment: environment)
        feed = manager?.watchdogMilliseconds.map { WatchdogFeed(watchdogMilliseconds: $0, now: now) }
    }

    func started() {
        manager?.send([.ready])
    }

    /// What the process does, for the status and the watchdog; see `WatchdogFeed`. A status is sent at most every 5 s.
    mutating func update(status: @autoclosure () -> String, progress: UInt64, isBusy: Bool, now: UInt64) {
        guard let manager else { return }
        var notices: [ServiceManager.Notice] = []
        if feed?.isDue(progress: progress, isBusy: isBusy, now: now) == true { notices.append(.alive) }
        if now >= nextStatusMilliseconds {
            nextStatusMilliseconds = now + Self.statusPauseMilliseconds
            let status = status()
            if status != lastStatus { notices.append(.status(status)) }
            lastStatus = status
        }
        if !notices.isEmpty { manager.send(notices) }
    }

    func ends(_ reason: String) {
        manager?.send([.stopping, .status(reason)])
    }
}
