internal import CPlatform
internal import Glibc

/// What all threads of a pool run together, each with its own number.
package protocol ThreadJob: AnyObject {
    func run(thread: Int)
}

/// A pool of compute threads for code that all threads run together; thread 0 is the caller of `run`.
///
/// Only one thread may call `run` at a time, and not from inside it.
package final class ComputeThreads: Sendable {
    package let count: Int
    private let shared: SharedState
    private let handles: [pthread_t]

    /// Starts `count` − 1 threads. Throws if the floating-point mode, which new threads take over from the caller, is
    /// not IEEE's default.
    package init(count: Int) throws(ArithmeticModeError) {
        precondition(count >= 1, "at least one thread computes: the caller")
        try ArithmeticMode.check()
        self.count = count
        let shared = SharedState(count: count)
        self.shared = shared
        handles = (1..<count).map { Self.start(ThreadStart(thread: $0, shared: shared)) }
    }

    deinit {
        shared.job = nil
        shared.barrier.wait()
        for handle in handles { pthread_join(handle, nil) }
    }

    /// Calls `job` once on every thread with the thread's number, and returns when all calls have returned. Nothing is
    /// allocated.
    package func run(_ job: any ThreadJob) {
        guard count > 1 else { return job.run(thread: 0) }
        shared.job = job
        shared.barrier.wait()
        job.run(thread: 0)
        shared.barrier.wait()
        shared.job = nil
    }

    /// The same with a closure, for which about 100 bytes are allocated: wrap whole epochs in it, or pass a
    /// `ThreadJob`.
    package func run(_ body: (_ thread: Int) -> Void) {
        guard count > 1 else { return body(0) }
        withoutActuallyEscaping(body) { run(ClosureJob(body: $0)) }
    }

    /// Inside `run`: returns when all threads have called it. What they wrote before is seen by all after.
    package func barrier(thread: Int) {
        shared.barrier.wait()
    }

    /// The barrier itself, for code that calls it often.
    var threadBarrier: ThreadBarrier { shared.barrier }

    private static func start(_ argument: ThreadStart) -> pthread_t {
        var handle = pthread_t()
        let context = Unmanaged.passRetained(argument).toOpaque()
        let status = pthread_create(
            &handle, nil,
            { context in
                guard let context else { return nil }
                let argument = Unmanaged<ThreadStart>.fromOpaque(context).takeRetainedValue()
                argument.shared.work(thread: argument.thread)
                return nil
            }, context)
        precondition(status == 0, "the system gives no more threads")
        return handle
    }
}

/// Used only while `run` waits for all threads, so that the closure does not outlive its scope.
private final class ClosureJob: ThreadJob {
    private let body: (Int) -> Void

    init(body: @escaping (Int) -> Void) {
        self.body = body
    }

    func run(thread: Int) { body(thread) }
}

private final class ThreadStart: Sendable {
    let thread: Int
    let shared: SharedState

    init(thread: Int, shared: SharedState) {
        self.thread = thread
        self.shared = shared
    }
}

/// What outlives the pool object until the last thread has ended.
private final class SharedState: @unchecked Sendable {
    // Sendable: `job` is written by thread 0 only while the others wait at the barrier that publishes it.
    let barrier: ThreadBarrier
    var job: (any ThreadJob)?

    init(count: Int) {
        barrier = ThreadBarrier(threadCount: count)
    }

    func work(thread: Int) {
        precondition(ArithmeticMode.isDefault, "a new thread did not take over the floating-point mode")
        while true {
            barrier.wait()
            guard performJob(thread: thread) else { return }
            barrier.wait()
        }
    }

    /// One job, or false when there will be no more. A separate function: the job is released before the barrier
    /// after which its caller may end its life.
    @inline(never)
    private func performJob(thread: Int) -> Bool {
        guard let job else { return false }
        job.run(thread: thread)
        return true
    }
}

/// The calling thread's floating-point mode is not the one in which results are promised.
package struct ArithmeticModeError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The control register as read.
    package var register: UInt32

    package var description: String {
        let text = String(register, radix: 16)
        return "floating-point mode 0x\(text) is not round-to-nearest with subnormal numbers: a preloaded library"
            + " changed it; start without that library"
    }
}

enum ArithmeticMode {
    /// Rounding control, flush-to-zero and denormals-are-zero of MXCSR: all zero means IEEE with round to nearest even.
    private static let modeBits: UInt32 = 0x6000 | 0x8000 | 0x0040

    /// Whether the calling thread computes in IEEE's default mode.
    static var isDefault: Bool { selvedge_mxcsr() & modeBits == 0 }

    static func check() throws(ArithmeticModeError) {
        guard isDefault else { throw ArithmeticModeError(register: selvedge_mxcsr()) }
    }
}
