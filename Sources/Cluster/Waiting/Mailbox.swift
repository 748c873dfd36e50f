import Synchronization

/// A queue from any thread to one, whose wake-up descriptor can be waited for together with sockets.
final class Mailbox<Item: Sendable>: Sendable {
    let wakeUp: WakeUp
    private let items = Mutex<[Item]>([])

    init() throws(ClusterError) {
        wakeUp = try WakeUp()
    }

    func post(_ item: Item) {
        items.withLock { $0.append(item) }
        wakeUp.signal()
    }

    /// Everything posted since the last call, in order.
    func takeAll() -> [Item] {
        wakeUp.clear()
        return items.withLock { queue in
            let taken = queue
            queue.removeAll(keepingCapacity: true)
            return taken
        }
    }
}
