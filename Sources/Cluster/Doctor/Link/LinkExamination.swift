package import Core
package import Transport

/// Examines the way to a coordinator, without joining its run, or to a doctor that listens.
package struct LinkExamination {
    package enum Peer: Sendable {
        case coordinator
        /// It measures bandwidth, and reaches this host at an address of the interface and at a port; nil takes the
        /// address of the route, 0 a free port. An expected one is known to listen.
        case doctor(interface: String?, port: UInt16, isExpected: Bool)
    }

    /// As the user gave it.
    private let address: String
    private let endpoint: Endpoint
    private let peer: Peer
    private let keys: WorkerKeys?
    private let host: ExaminedHost

    /// - Throws: an address that is none, or that needs keys.
    package init(
        address: String, of peer: Peer, from host: ExaminedHost, keys: WorkerKeys?, isInsecure: Bool
    ) throws(TransportError) {
        self.address = address
        self.peer = peer
        self.host = host
        self.keys = keys
        endpoint = try Endpoint(parsing: address)
        try endpoint.checkAccess(hasKeys: keys != nil, isInsecure: isInsecure)
    }

    private static let connectMilliseconds = 3000
    /// More than `AdmissionAttempts` takes to find that the other side has another key.
    private static let handshakeMilliseconds = 10_000
    private static let answerMilliseconds = 3000

    /// Takes about two seconds to a coordinator and five to a doctor; half a minute where something does not answer.
    ///
    /// `dataDigest` is that of this host's data.
    ///
    /// - Throws: a socket that cannot be used.
    package func examine(dataDigest: SHA256Digest?) throws -> [Finding] {
        try facts(dataDigest).findings(subject: address)
    }

    private func facts(_ dataDigest: SHA256Digest?) throws -> LinkFacts {
        var facts = LinkFacts(address: address, reach: reach, program: .current, data: dataDigest)
        facts.gradientByteCount = GradientSize.byteCount(of: host.experiment)
        if case .doctor(_, _, let isExpected) = peer { facts.isExpected = isExpected }
        guard facts.reach == .connected else { return facts }
        let link = try QuestionLink(endpoint, keys: keys)
        facts.handshake = try link.shakeHands(within: Self.handshakeMilliseconds)
        guard case .established = facts.handshake else { return facts }
        facts.answer = try link.ask(within: Self.answerMilliseconds)
        guard case .information = facts.answer else { return facts }
        switch peer {
        case .coordinator: try time(link, &facts)
        case .doctor(let interface, let port, _): try measure(link, interface: interface, inboxPort: port, &facts)
        }
        return facts
    }

    private func time(_ link: QuestionLink, _ facts: inout LinkFacts) throws {
        let before = link.counters
        facts.roundTrips = try link.measure(.usual)
        if let before { facts.counters = link.counters?.since(before) }
    }

    private func measure(
        _ link: QuestionLink, interface: String?, inboxPort: UInt16, _ facts: inout LinkFacts
    ) throws {
        guard case .tcp(let host, let port) = endpoint else { return try time(link, &facts) }
        let caller = PairCaller(
            link, ownAddress: try NetworkAddresses.inbox(interface: interface, coordinator: host, port: port),
            port: inboxPort)
        let before = try caller.otherCounters()
        try time(link, &facts)
        if let before { facts.otherCounters = try caller.otherCounters()?.since(before) }
        facts.wayBack = try caller.wayBack()
        facts.bandwidthThere = try caller.bandwidthThere()
        facts.bandwidthBack = try caller.bandwidthBack()
    }

    private var reach: TCPReach {
        guard case .tcp(let host, let port) = endpoint else { return .connected }
        return TCPReach.attempt(host: host, port: port, timeoutMilliseconds: Self.connectMilliseconds)
    }
}
