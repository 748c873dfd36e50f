import Foundation
import Glibc
import Synchronization

/// Writes text to a descriptor in a thread of its own: a terminal that is stopped with Ctrl-S, or a pipe that is not
/// read, holds up nothing else.
///
/// Bounded: when too much waits, the older half is left out, and a line counts what is missing.
final class BackgroundWriter: Sendable {
    private struct Queue {
        /// Each is written with one call, so that lines of several processes stay whole.
        var texts: [String] = []
        var byteCount = 0
        /// Texts that were left out and are not reported yet.
        var omittedCount = 0
        var isWriting = false
        var writtenCount = 0
        /// How many texts were written when a flush gave up.
        var abandonedCount: Int?
    }

    private let descriptor: Int32
    private let byteLimit: Int
    private let queue = Mutex(Queue())
    private let wake = DispatchSemaphore(value: 0)

    init(_ descriptor: Int32, byteLimit: Int = 1 << 20) {
        self.descriptor = descriptor
        self.byteLimit = byteLimit
        let thread = Thread { self.run() }
        thread.name = "output"
        // Signals belong to the threads that wait for them.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        thread.start()
        pthread_sigmask(SIG_SETMASK, &before, nil)
    }

    /// Adds a text; never waits for the descriptor.
    func add(_ text: String) {
        queue.withLock { queue in
            queue.texts.append(text)
            queue.byteCount += text.utf8.count
            guard queue.byteCount > byteLimit else { return }
            var omitted = 0
            while queue.byteCount > byteLimit / 2, omitted < queue.texts.count - 1 {
                queue.byteCount -= queue.texts[omitted].utf8.count
                omitted += 1
            }
            queue.texts.removeFirst(omitted)
            queue.omittedCount += omitted
        }
        wake.signal()
    }

    /// Waits until everything is written, or nothing was for so many seconds. Does not wait again until something was.
    func flush(seconds: Int) {
        var last = -1
        var deadline = Date()
        while true {
            let written = queue.withLock { queue in
                let isDone = queue.texts.isEmpty && !queue.isWriting
                return isDone || queue.abandonedCount == queue.writtenCount ? nil : queue.writtenCount
            }
            guard let written else { return }
            if written != last { (last, deadline) = (written, Date(timeIntervalSinceNow: Double(seconds))) }
            guard Date() < deadline else { return queue.withLock { $0.abandonedCount = written } }
            usleep(1000)
        }
    }

    private func run() {
        while true {
            wake.wait()
            while let text = takeNext() {
                // There is nowhere to report a failure.
                _ = Console.put(text, descriptor)
                queue.withLock { queue in
                    queue.isWriting = false
                    queue.writtenCount += 1
                }
            }
        }
    }

    private func takeNext() -> String? {
        queue.withLock { queue in
            guard let first = queue.texts.first else { return nil }
            queue.isWriting = true
            if queue.omittedCount > 0 {
                defer { queue.omittedCount = 0 }
                return "\n\(Figures.counted(queue.omittedCount, "message")) left out here: the output was not read\n"
            }
            queue.texts.removeFirst()
            queue.byteCount -= first.utf8.count
            return first
        }
    }
}
