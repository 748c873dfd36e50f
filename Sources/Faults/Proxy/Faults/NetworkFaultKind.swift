/// What can be done to the traffic of a route.
package enum NetworkFaultKind: String, Sendable, CaseIterable {
    /// A message is lost.
    case drop
    /// A message arrives twice.
    case duplicate
    /// A message is held back behind later ones.
    case reorder
    /// A bit in the content of a message changes.
    case corrupt
    /// A bit of anything changes: greetings, lengths, commands and messages.
    case corruptStream = "corrupt-stream"
    /// Everything arrives later, or no faster than a rate.
    case delay
    /// Nothing is forwarded any more, the connections stand, and new ones are not answered.
    case stall
    /// New connections are closed at once.
    case refuse
    /// The connection breaks at a message.
    case reset

    /// The parameters that it takes besides direction, client and connections.
    var parameters: [NetworkFaultKey] {
        switch self {
        case .drop, .duplicate, .corrupt, .corruptStream, .reset: [.share, .seed]
        case .reorder: [.share, .seed, .behind, .milliseconds]
        case .delay: [.share, .seed, .milliseconds, .rate]
        case .stall, .refuse: []
        }
    }

    /// A number of its own for the counter of random draws.
    var drawNumber: UInt32 {
        switch self {
        case .drop: 1
        case .duplicate: 2
        case .reorder: 3
        case .corrupt: 4
        case .corruptStream: 5
        case .delay: 6
        case .stall: 7
        case .refuse: 8
        case .reset: 9
        }
    }
}

/// A name that stands before the "=" in the text of a network fault.
enum NetworkFaultKey: String, CaseIterable {
    case direction
    case client
    case connections
    case share
    case seed
    case behind
    case milliseconds = "ms"
    case rate

    static let common: [NetworkFaultKey] = [.direction, .client, .connections]

    /// What its value may be, in words.
    var expected: String {
        switch self {
        case .direction: "to-target, to-client or both"
        case .client: "the number of a process"
        case .connections: "all or standing"
        case .share: "a number above 0, at most 1"
        case .seed: "a number from 0"
        case .behind: "a number from 1 to \(NetworkFault.behindLimit)"
        case .milliseconds: "milliseconds from 0 to \(NetworkFault.millisecondLimit)"
        case .rate: "bytes per second from 1 to \(NetworkFault.rateLimit)"
        }
    }
}
