import Core
import Glibc

/// Everything that faults do to this process. Tests replace it by functions that record.
struct FaultEffects: Sendable {
    var nanoseconds: @Sendable () -> Int64
    var report: @Sendable (String) -> Void
    var sleep: @Sendable (_ milliseconds: Int) -> Void
    var kill: @Sendable (Fault.Signal) -> Void
    /// Suspends the process; with a time, it is continued after that.
    var stop: @Sendable (_ milliseconds: Int?) -> Void
    var exit: @Sendable (Int32) -> Void
    var runThread: @Sendable (@escaping @Sendable () -> Void) -> Void

    static let real = FaultEffects(
        nanoseconds: { MonotonicTime.now.nanoseconds },
        report: { text in
            // Clears a line of the terminal that shows progress.
            let clearing = isatty(STDERR_FILENO) == 1 ? "\r\u{1B}[K" : ""
            let line = Array((clearing + text + "\n").utf8)
            _ = write(STDERR_FILENO, line, line.count)
        },
        sleep: { milliseconds in
            let end = MonotonicTime.now.nanoseconds + Int64(milliseconds) * 1_000_000
            var time = timespec(tv_sec: Int(end / 1_000_000_000), tv_nsec: Int(end % 1_000_000_000))
            while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil) == EINTR {}
        },
        kill: { signal in
            // A handler could end the process in an orderly way.
            Glibc.signal(signal.number, SIG_DFL)
            Glibc.kill(getpid(), signal.number)
            // Another thread may receive the signal first.
            while true { pause() }
        },
        stop: { milliseconds in
            if let milliseconds { continueLater(milliseconds) }
            Glibc.kill(getpid(), SIGSTOP)
        },
        exit: { _exit($0) },
        runThread: { body in
            let box = Unmanaged.passRetained(ThreadBody(body))
            var thread = pthread_t()
            let status = pthread_create(
                &thread, nil,
                { argument in
                    guard let argument else { return nil }
                    Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
                    return nil
                }, box.toOpaque())
            if status == 0 { pthread_detach(thread) } else { box.release() }
        })

    /// Starts a process in a new process group, without this one's streams, that sends SIGCONT later.
    private static func continueLater(_ milliseconds: Int) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor in STDIN_FILENO...STDERR_FILENO {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        let seconds = "\(milliseconds / 1000).\(String(1000 + milliseconds % 1000).dropFirst())"
        let words = ["/bin/sh", "-c", "sleep \(seconds); kill -CONT \(getpid())"]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        var identifier: pid_t = 0
        _ = posix_spawn(&identifier, "/bin/sh", &actions, &attributes, &arguments, environ)
    }
}

/// The function that a thread runs.
private final class ThreadBody {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) {
        self.run = run
    }
}

extension Fault.Signal {
    var number: Int32 {
        switch self {
        case .kill: SIGKILL
        case .segmentationFault: SIGSEGV
        case .abort: SIGABRT
        case .trap: SIGTRAP
        }
    }
}
