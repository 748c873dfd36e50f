import CPlatform
import Glibc

/// Signals as something to poll. The signals are blocked for the calling thread and all threads it starts later.
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
