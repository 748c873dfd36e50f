import Core

/// Whether workers can reach each other's inboxes, as far as the addresses tell: one of the loopback interface is
/// reached from its own host only.
///
/// Without this check two workers of different hosts that cannot reach each other would be evicted in turn.
enum InboxReach {
    /// Why a worker cannot join `others`; nil if it can. Names the worker whose command line has to change, which may
    /// be the other one.
    static func problem(of hello: Hello, among others: [Hello]) -> String? {
        let isHidden = isOfLoopback(hello.inboxAddress)
        let other = others.first { other in
            isElsewhere(other, than: hello) && (isHidden || isOfLoopback(other.inboxAddress))
        }
        guard let other else { return nil }
        let (hidden, distant) = isHidden ? (hello, other) : (other, hello)
        return
            "the inbox \(hidden.inboxAddress) of worker '\(hidden.name)' is reached from its host '\(hidden.host)' only, and "
            + "worker '\(distant.name)' is on '\(distant.host)': start '\(hidden.name)' with an address of its host in "
            + "--interface, or with a --coordinator that other hosts reach"
    }

    /// Containers of one host share its identifier, but each has a name and a loopback interface of its own.
    private static func isElsewhere(_ one: Hello, than other: Hello) -> Bool {
        one.hostIdentifier != other.hostIdentifier || one.host != other.host
    }

    /// Whether an inbox address, which is numeric, is of the loopback interface.
    static func isOfLoopback(_ address: String) -> Bool {
        let scheme = "tcp://"
        guard address.hasPrefix(scheme) else { return false }
        let rest = address.dropFirst(scheme.count)
        if rest.first == "[" { return NumericAddress.isLoopback(rest.dropFirst().prefix { $0 != "]" }) }
        return NumericAddress.isLoopback(rest.prefix { $0 != ":" })
    }
}
