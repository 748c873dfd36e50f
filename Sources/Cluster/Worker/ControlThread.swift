import Foundation

/// A thread of its own that runs one function, and can be waited for.
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
