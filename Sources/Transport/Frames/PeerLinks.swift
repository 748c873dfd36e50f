/// The connections to the inboxes of all other workers of one generation, made anew for each.
package final class PeerLinks {
    /// One socket and its monitor a rank; nil for this worker.
    struct Link {
        var socket: ZeroMQSocket
        var monitor: ConnectionMonitor
    }

    let links: [Link?]
    /// This worker's rank.
    package let rank: Int

    /// Begins to connect to the inboxes of all ranks but the own one, with `SocketOptions.data`.
    ///
    /// All inboxes have to be bound before: a connection that is refused is not tried again. Throws with the rank whose
    /// endpoint cannot be used.
    package init(_ context: ZeroMQContext, rank: Int, endpoints: [Endpoint], options: SocketOptions)
        throws(PeerLinkError)
    {
        precondition(endpoints.indices.contains(rank), "a rank is one of the endpoints' indices")
        self.rank = rank
        var links: [Link?] = []
        for (other, endpoint) in endpoints.enumerated() {
            if other == rank {
                links.append(nil)
                continue
            }
            do throws(TransportError) {
                links.append(try Self.link(context, endpoint, options))
            } catch {
                throw PeerLinkError(rank: other, cause: error)
            }
        }
        self.links = links
    }

    private static func link(
        _ context: ZeroMQContext, _ endpoint: Endpoint, _ options: SocketOptions
    ) throws(TransportError) -> Link {
        let socket = try ZeroMQSocket(context, .push, options: options)
        let monitor = try ConnectionMonitor(of: socket)
        try socket.connect(endpoint)
        return Link(socket: socket, monitor: monitor)
    }

    /// The number of workers.
    package var workerCount: Int { links.count }

    /// Ends all links, and lets libzmq go on sending what they took for so long: the others may still wait for it.
    package func close(lingerMilliseconds: Int) {
        for case .some(let link) in links {
            link.socket.close(lingerMilliseconds: lingerMilliseconds)
            link.monitor.socket.close()
        }
    }

    /// Where a rank's inbox is.
    package func endpoint(of rank: Int) -> String {
        links[rank]?.socket.endpoint ?? "this worker"
    }
}

/// The link to a worker could not be begun.
package struct PeerLinkError: Error, CustomStringConvertible {
    package let rank: Int
    package let cause: TransportError

    package var description: String { cause.description }
}
