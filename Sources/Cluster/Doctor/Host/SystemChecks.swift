import Core
import Glibc
import Runs
import Transport

/// Checks of the operating system.
enum SystemChecks {
    static let all: [any HostCheck.Type] = [
        MemoryCheck.self, HugePageCheck.self, SharedMemoryCheck.self, DescriptorCheck.self, ClockCheck.self,
        HostNameCheck.self,
    ]
}

/// The memory that is left.
struct MemoryCheck: HostCheck {
    static let name = "memory"
    let availableByteCount: Int?

    init(availableByteCount: Int?) {
        self.availableByteCount = availableByteCount
    }

    init(on host: ExaminedHost) {
        self.init(availableByteCount: HostMemory().availableByteCount)
    }

    /// Fashion-MNIST and a small model take less than half of it.
    private static let smallByteCount = 1_000_000_000

    var verdict: Verdict {
        guard let availableByteCount else { return .good("the system tells no figures") }
        let figures = ["available_bytes": Double(availableByteCount)]
        let text = "\(ByteText.of(availableByteCount)) available"
        guard availableByteCount < Self.smallByteCount else { return .good(text, figures: figures) }
        return .warning(
            text, remedy: "end other programs, or raise the limit of the control group", figures: figures)
    }
}

/// Huge pages, which the buffers of large models ask for.
struct HugePageCheck: HostCheck {
    static let name = "huge pages"
    /// always, madvise or never; nil where the kernel has no transparent huge pages.
    let mode: String?

    init(mode: String?) {
        self.mode = mode
    }

    init(on host: ExaminedHost) {
        let modes = FileOperations().readSystemFile(Self.path, byteLimit: 1 << 12)
        let chosen = modes?.split { $0 == " " || $0 == "\n" }.first { $0.hasPrefix("[") }
        self.init(mode: chosen.map { String($0.dropFirst().dropLast()) })
    }

    private static let path = "/sys/kernel/mm/transparent_hugepage/enabled"

    var verdict: Verdict {
        guard let mode else { return .good("this kernel has none") }
        guard mode == "never" else { return .good(mode) }
        return .warning("switched off", remedy: "for large models, as root: echo madvise >\(Self.path)")
    }
}

/// Memory that processes of a host share. Gradients travel through files in memory, which take nothing of /dev/shm.
struct SharedMemoryCheck: HostCheck {
    static let name = "shared memory"
    let problem: String?

    init(problem: String?) {
        self.problem = problem
    }

    init(on host: ExaminedHost) {
        self.init(problem: SharedMemorySupport.problem())
    }

    var verdict: Verdict {
        guard let problem else {
            return .good("workers of this host can share memory; the size of /dev/shm is not used")
        }
        return .warning(
            problem,
            remedy: "workers of this host use sockets instead: let the container or its seccomp profile allow it")
    }
}

/// The limit of open files and connections.
struct DescriptorCheck: HostCheck {
    static let name = "descriptors"
    let softLimit: Int
    let hardLimit: Int

    init(softLimit: Int, hardLimit: Int) {
        self.softLimit = softLimit
        self.hardLimit = hardLimit
    }

    init(on host: ExaminedHost) {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        self.init(softLimit: Int(clamping: limit.rlim_cur), hardLimit: Int(clamping: limit.rlim_max))
    }

    /// What a worker uses itself, and what it keeps free for files.
    private static let ownCount = 40 + 64
    /// One connection in each direction, in two generations.
    private static let countForPeer = 4
    private static let usualPeerCount = 63

    var verdict: Verdict {
        let figures = ["soft_limit": Double(softLimit), "hard_limit": Double(hardLimit)]
        // Every process raises its limit to the hard one.
        let peerCount = (hardLimit - Self.ownCount) / Self.countForPeer
        let remedy = "raise the hard limit (ulimit -Hn, LimitNOFILE= of systemd, nofile in limits.conf) to 4096 or more"
        guard peerCount > 0 else {
            return .error(
                "at most \(hardLimit), too few for connections to other workers", remedy: remedy,
                exitCode: ProcessExitCode.inputOutput, figures: figures)
        }
        guard peerCount < Self.usualPeerCount else { return .good("at most \(hardLimit)", figures: figures) }
        return .warning(
            "at most \(hardLimit), enough for \(peerCount + 1) workers", remedy: remedy, figures: figures)
    }
}

/// The wall clock, which log lines and times of files have.
struct ClockCheck: HostCheck {
    static let name = "clock"
    let seconds: Int
    /// When the program's file was written.
    let programSeconds: Int

    init(seconds: Int, programSeconds: Int) {
        self.seconds = seconds
        self.programSeconds = programSeconds
    }

    init(on host: ExaminedHost) {
        var status = stat()
        let isKnown = stat("/proc/self/exe", &status) == 0
        self.init(seconds: WallClock.nanoseconds / 1_000_000_000, programSeconds: isKnown ? status.st_mtim.tv_sec : 0)
    }

    /// Files that were copied from hosts with other clocks are not much younger.
    private static let toleranceSeconds = 86_400

    var verdict: Verdict {
        let figures = ["unix_seconds": Double(seconds)]
        guard seconds + Self.toleranceSeconds < programSeconds else {
            return .good("\(WallClock.text(seconds: seconds)) UTC", figures: figures)
        }
        return .warning(
            "\(WallClock.text(seconds: seconds)) UTC, before this program was built",
            remedy: "set the clock (timedatectl set-ntp true)", figures: figures)
    }
}

/// The name of this host as it resolves here: launchers give it to other hosts.
struct HostNameCheck: HostCheck {
    static let name = "host name"
    let host: String
    /// Nil where the name has no address.
    let addresses: [String]?
    /// The addresses at which other hosts may reach this one.
    let reachable: [String]

    init(host: String, addresses: [String]?, reachable: [String]) {
        self.host = host
        self.addresses = addresses
        self.reachable = reachable
    }

    init(on host: ExaminedHost) {
        let name = HostName.current
        self.init(
            host: name, addresses: try? SocketAddress.addresses(ofHost: name),
            reachable: (try? HostInterfaces.current.reachable) ?? [])
    }

    var verdict: Verdict {
        guard let first = reachable.first else {
            return .good("\(host), with the loopback interface only: other hosts cannot reach this one")
        }
        let own = reachable.joined(separator: " or ")
        guard let addresses else {
            return .warning(
                "\(host) has no address on this host", remedy: "give it one in /etc/hosts or DNS, or use \(own) itself")
        }
        if addresses.contains(where: reachable.contains) {
            return .good("\(host) is \(addresses.joined(separator: ", "))")
        }
        guard addresses.allSatisfy({ NumericAddress.isLoopback($0) }) else {
            return .warning(
                "\(host) is \(addresses.joined(separator: ", ")), which is not this host",
                remedy: "correct /etc/hosts or DNS, or use \(own) itself")
        }
        return .warning(
            "\(host) is \(addresses.joined(separator: ", ")) on this host, which other hosts cannot reach",
            remedy: "in /etc/hosts write '\(first) \(host)', or give --listen and --interface \(own)")
    }
}
