import Foundation
import Synchronization
import Transport

/// A queue from any thread to one reader, with an event to poll beside sockets.
final class Mailbox<Item: Sendable>: Sendable {
    let event: InterruptEvent
    private let items = Mutex<[Item]>([])

    init() throws(TransportError) {
        event = try InterruptEvent()
    }

    func post(_ item: Item) {
        items.withLock { $0.append(item) }
        event.signal()
    }

    /// Everything posted since the last call, in order.
    func takeAll() -> [Item] {
        guard event.isSignalled else { return [] }
        event.clear()
        return items.withLock { queue in
            let taken = queue
            queue.removeAll(keepingCapacity: true)
            return taken
        }
    }
}

/// A thread that runs one function and can be joined.
final class ControlThread: Sendable {
    private let finished = DispatchSemaphore(value: 0)

    init(_ body: @escaping @Sendable () -> Void) {
        let finished = finished
        let thread = Thread {
            body()
            finished.signal()
        }
        thread.name = "control"
        thread.start()
    }

    func join() {
        finished.wait()
    }
}
