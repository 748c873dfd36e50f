internal import CPlatform

/// Watches the thread that admits connections, and closes this process to new ones while that thread does not answer:
/// each of them would take memory until it does.
package struct AdmissionWatch {
    private let context: ZeroMQContext
    private let patienceMilliseconds: UInt64
    private let setAccepting: @Sendable (Bool) -> Void
    private var isClosed = false
    /// Since when the thread is silent, as far as this watch has seen.
    private var silentSince: UInt64?

    /// Of the context of a socket; it has an effect only where that has keys.
    package init(of socket: ZeroMQSocket) {
        self.init(of: socket, patienceMilliseconds: 3000) { selvedge_accept_connections($0) }
    }

    init(of socket: ZeroMQSocket, patienceMilliseconds: UInt64, setAccepting: @escaping @Sendable (Bool) -> Void) {
        context = socket.context
        self.patienceMilliseconds = patienceMilliseconds
        self.setAccepting = setAccepting
    }

    /// Call it a few times a second. Returns a line when the thread has stopped to answer, or answers again.
    package mutating func takeChange(now: UInt64) -> String? {
        guard let authenticator = context.runningAuthenticator else { return nil }
        let silence = authenticator.silenceMilliseconds(now: now)
        guard silence.map({ $0 >= patienceMilliseconds }) ?? true else {
            silentSince = nil
            return isClosed ? change(isClosed: false, "answers again: new connections are accepted") : nil
        }
        // After a pause of the whole process the thread gets a moment too.
        let since = silentSince ?? now
        silentSince = since
        guard !isClosed, now >= since + patienceMilliseconds / 4 else { return nil }
        let what = silence.map { "has not answered for \($0 / 1000) s: new connections are closed until it does" }
        return change(
            isClosed: true, what ?? "has ended: new connections are closed, and workers that join need a new process")
    }

    private mutating func change(isClosed: Bool, _ what: String) -> String {
        self.isClosed = isClosed
        setAccepting(!isClosed)
        return "the thread that admits connections \(what)"
    }
}
