/// Events by time, then by the order in which they were added: a binary heap.
struct EventQueue {
    struct Event {
        var time: UInt64
        var sequence: Int
        var action: () -> Void

        func comesBefore(_ other: Event) -> Bool {
            (time, sequence) < (other.time, other.sequence)
        }
    }

    private var heap: [Event] = []
    private var added = 0

    mutating func add(at time: UInt64, _ action: @escaping () -> Void) {
        added += 1
        heap.append(Event(time: time, sequence: added, action: action))
        var child = heap.count - 1
        while child > 0, heap[child].comesBefore(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func next() -> Event? {
        guard !heap.isEmpty else { return nil }
        heap.swapAt(0, heap.count - 1)
        let event = heap.removeLast()
        var parent = 0
        while true {
            var first = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child].comesBefore(heap[first]) {
                first = child
            }
            guard first != parent else { return event }
            heap.swapAt(parent, first)
            parent = first
        }
    }
}
