internal import CZeroMQ

/// Waits for several sockets and events at once. Used by the thread that owns the sockets. Waiting allocates nothing.
package final class Poller {
    private let capacity: Int
    private let items: UnsafeMutablePointer<zmq_pollitem_t>
    /// The number of sockets and events in the poll set.
    package private(set) var count = 0

    /// - Parameter capacity: the most sockets and events.
    package init(capacity: Int) {
        self.capacity = capacity
        items = .allocate(capacity: max(1, capacity))
        items.initialize(repeating: zmq_pollitem_t(), count: max(1, capacity))
    }

    deinit {
        items.deallocate()
    }

    /// Watches a socket for messages to receive, or for room to send. Returns its index.
    @discardableResult
    package func add(_ socket: ZeroMQSocket, forSending: Bool = false) -> Int {
        append(
            zmq_pollitem_t(
                socket: socket.handle, fd: 0, events: Int16(forSending ? ZMQ_POLLOUT : ZMQ_POLLIN), revents: 0))
    }

    /// Watches a monitor for events. Returns its index.
    @discardableResult
    package func add(_ monitor: ConnectionMonitor) -> Int {
        add(monitor.socket)
    }

    /// Watches an event. Returns its index.
    @discardableResult
    package func add(_ event: InterruptEvent) -> Int {
        append(zmq_pollitem_t(socket: nil, fd: event.descriptor, events: Int16(ZMQ_POLLIN), revents: 0))
    }

    /// Watches a file descriptor for input. Returns its index.
    @discardableResult
    package func add(descriptor: Int32) -> Int {
        append(zmq_pollitem_t(socket: nil, fd: descriptor, events: Int16(ZMQ_POLLIN), revents: 0))
    }

    private func append(_ item: zmq_pollitem_t) -> Int {
        precondition(count < capacity, "a poller has room for its capacity")
        items[count] = item
        count += 1
        return count - 1
    }

    /// Removes the sockets and events from this index on.
    package func remove(from index: Int) {
        precondition((0...count).contains(index), "an index that add returned")
        count = index
    }

    /// Waits until a socket or event is ready; false when the deadline passed first.
    package func wait(until deadline: Deadline) throws(TransportError) -> Bool {
        while true {
            let ready = zmq_poll(items, Int32(count), deadline.remainingMilliseconds)
            if ready > 0 { return true }
            if ready < 0 {
                if zmq_errno() != selvedge_interrupted { throw .current("wait for", "\(count) sockets") }
            } else if deadline.hasPassed {
                return false
            }
        }
    }

    /// Whether the socket or event with this index was ready when `wait` returned.
    package func isReady(_ index: Int) -> Bool {
        items[index].revents != 0
    }
}
