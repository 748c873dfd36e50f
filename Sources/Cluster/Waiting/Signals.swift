import CPlatform
import Glibc

/// The signals that ask a process to end.
enum StopSignals {
    /// SIGUSR1 is what batch systems send some time before a job's end.
    static let all: [Int32] = [SIGINT, SIGTERM, SIGUSR1, SIGHUP]
    /// Without a supervisor SIGHUP may have to be ignored, as by nohup.
    static let unsupervised: [Int32] = [SIGINT, SIGTERM, SIGUSR1]

    static func forProcess(isSupervised: Bool) -> [Int32] { isSupervised ? all : unsupervised }
}

/// Blocks a set of signals for this thread and takes them one at a time; its end restores the old mask.
///
/// A SIGHUP that is ignored (as by nohup) stays ignored.
package struct SignalWait: ~Copyable {
    private var signals = sigset_t()
    private var previous = sigset_t()

    /// Call it before other threads start: the signals would still be delivered to them.
    package init(signals numbers: [Int32]) {
        sigemptyset(&signals)
        for number in numbers where number != SIGHUP || !Self.isIgnored(number) { sigaddset(&signals, number) }
        pthread_sigmask(SIG_BLOCK, &signals, &previous)
    }

    deinit {
        var mask = previous
        pthread_sigmask(SIG_SETMASK, &mask, nil)
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        sigaction(number, nil, &action)
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// The next signal, or nil after `timeoutMilliseconds`; without a time-out it waits for one.
    package borrowing func next(timeoutMilliseconds: Int?) -> Int32? {
        var set = signals
        while true {
            let received: Int32
            if let timeoutMilliseconds {
                var time = timespec(
                    tv_sec: timeoutMilliseconds / 1000, tv_nsec: timeoutMilliseconds % 1000 * 1_000_000)
                received = sigtimedwait(&set, nil, &time)
            } else {
                received = sigwaitinfo(&set, nil)
            }
            if received > 0 { return received }
            if errno != EINTR { return nil }
        }
    }
}

/// Signals as a descriptor to poll. They are blocked for the calling thread and all threads it starts later.
final class SignalDescriptor: Sendable {
    let descriptor: Int32

    init(signals numbers: [Int32]) throws(ClusterError) {
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in numbers { sigaddset(&signals, number) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        descriptor = signalfd(-1, &signals, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
        guard descriptor >= 0 else { throw .system("make a signal descriptor", errno) }
    }

    deinit {
        close(descriptor)
    }

    /// The next pending signal, or nil.
    func next() -> Int32? {
        var information = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        guard read(descriptor, &information, size) == size else { return nil }
        return Int32(information.ssi_signo)
    }
}
