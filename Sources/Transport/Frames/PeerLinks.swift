/// The connections to the inboxes of all other workers of one generation, made anew for each.
public final class PeerLinks {
    /// One socket and its monitor a rank; nil for this worker.
    struct Link {
        var socket: ZeroMQSocket
        var monitor: ConnectionMonitor
    }

    let links: [Link?]
    /// This worker's rank.
    public let rank: Int

    /// Begins to connect. All inboxes have to be bound before: a connection that is refused is not tried again.
    ///
    /// - Parameters:
    ///   - endpoints: the inbox of every rank; the own one is left out.
    ///   - options: `SocketOptions.data`.
    public init(_ context: ZeroMQContext, rank: Int, endpoints: [Endpoint], options: SocketOptions)
        throws(TransportError)
    {
        precondition(endpoints.indices.contains(rank), "a rank is one of the endpoints' indices")
        self.rank = rank
        var links: [Link?] = []
        for (other, endpoint) in endpoints.enumerated() {
            if other == rank {
                links.append(nil)
                continue
            }
            let socket = try ZeroMQSocket(context, .push, options: options)
            let monitor = try ConnectionMonitor(of: socket)
            try socket.connect(endpoint)
            links.append(Link(socket: socket, monitor: monitor))
        }
        self.links = links
    }

    /// The number of workers.
    public var workerCount: Int { links.count }

    /// Where a rank's inbox is.
    public func endpoint(of rank: Int) -> String {
        links[rank]?.socket.endpoint ?? "this worker"
    }
}
