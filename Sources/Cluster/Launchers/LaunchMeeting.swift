import Core
import Glibc
package import Transport

/// Where the processes of a launched job meet.
///
/// On one host it is a socket file in a folder that only this user may enter, whose name all ranks derive from the
/// launcher's variables: no keys are needed. Across hosts it is an address of rank 0.
package struct LaunchMeeting: Sendable, Equatable {
    /// Where rank 0 listens.
    package let listening: Endpoint
    /// Where every process reaches rank 0.
    package let address: Endpoint
    /// The folder that was made for the socket files of all ranks.
    private var folder: String?

    /// Whether processes of other hosts or users can reach it, so that keys are needed.
    package var needsKeys: Bool {
        if case .tcp = address { true } else { false }
    }

    /// Makes the private folder where there is none yet. `coordinator` is the address that the user gives; nil takes
    /// what the launcher tells. `environment` has the user's folder for sockets.
    package init(
        _ place: LaunchPlace, coordinator: Endpoint?, environment: [String: String]
    ) throws(LaunchMeetingError) {
        if let given = coordinator ?? place.coordinator?.value {
            address = given
            listening = Self.listening(at: given)
        } else if place.isOnOneHost {
            let start = place.start ?? LauncherProcess.name(rankVariable: place.rank.source)
            let folder = try Self.privateFolder(start, environment)
            self.folder = folder
            address = .ipc(path: "\(folder)/control")
            listening = address
        } else {
            guard let found = place.address else { throw .noAddress(place.launcher) }
            address = found
            listening = Self.listening(at: found)
        }
    }

    /// All addresses of the host: its name may lead elsewhere, or nowhere, on the host itself.
    package static func listening(at address: Endpoint) -> Endpoint {
        guard case .tcp(let host, let port) = address else { return address }
        return .tcp(host: host.contains(":") ? "::" : "0.0.0.0", port: port)
    }

    /// The folder of all ranks of one start on this host. The first rank that comes makes it.
    private static func privateFolder(
        _ start: String, _ environment: [String: String]
    ) throws(LaunchMeetingError) -> String {
        let parent = PrivateDirectory.parent(environment: environment)
        let digest = SHA256Digest(of: Array(start.utf8)).hexadecimal.prefix(12)
        // One rank that finds its supervisor gone must not remove it, as it would a folder of its own.
        let path = "\(parent)/selvedge.\(geteuid()).\(digest)"
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw .system("make the folder \(path)", errno) }
        var status = stat()
        guard lstat(path, &status) == 0 else { throw .system("look at \(path)", errno) }
        guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
            throw .notPrivate(path)
        }
        return path
    }

    /// Removes the private folder; rank 0 does so at the end.
    package func remove() {
        if let folder { AbandonedSockets.removeSockets(in: folder) }
    }

    /// For the end of another rank, whose worker has this name: rank 0 may have been killed before it could remove the
    /// folder.
    package func leave(name: String) {
        guard folder != nil, case .ipc(let path) = address else { return }
        AbandonedSockets.leave(socket: PeerNetwork.inboxPath(besides: path, name: name))
    }

    /// The address for the inbox of rank 0's worker, where the name of rank 0 leads to the loopback interface on its
    /// own host; nil where the route to that name will do.
    package var interfaceOfLeader: String? { Self.interface(ofLeaderAt: address) }

    package static func interface(ofLeaderAt address: Endpoint) -> String? {
        guard case .tcp(let host, let port) = address,
            let route = try? NetworkAddresses.route(toHost: host, port: port), NumericAddress.isLoopback(route),
            !NumericAddress.isLoopback(host)
        else { return nil }
        return NetworkAddresses.outward
    }

    /// Waits until rank 0's name has an address: that of a new pod may need half a minute. `note` shows a line to the
    /// user when it takes a while. When the time is over, the worker's own error names the host.
    package func waitForName(seconds: Int = RankWait.seconds, note: (String) -> Void) {
        guard case .tcp(let host, _) = address else { return }
        _ = RankWait.until(
            seconds: seconds, pauseMilliseconds: 500, { note("waiting for the host name \(host) to have an address") }
        ) {
            (try? SocketAddress.addresses(ofHost: host)) != nil
        }
    }
}

/// Why the processes of a job cannot meet. Each description is one line.
package enum LaunchMeetingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The launcher with this name does not tell where rank 0 is.
    case noAddress(String)
    /// The folder for the sockets is open to others.
    case notPrivate(String)
    /// What was tried, and the error number.
    case system(String, Int32)

    package var description: String {
        switch self {
        case .noAddress(let launcher):
            "\(launcher) does not tell where rank 0 is: give --coordinator tcp://HOST:PORT with a host of rank 0, or set MASTER_ADDR"
        case .notPrivate(let path):
            "\(path) is not a folder that only this user may enter: remove it, or set XDG_RUNTIME_DIR"
        case .system(let action, let code): "cannot \(action): \(String(cString: strerror(code)))"
        }
    }
}

/// The process that started the ranks of this host, for a launcher whose variables do not name the start.
enum LauncherProcess {
    private static let generationLimit = 32

    /// A name that all ranks of the start have in common: the nearest ancestor without the variable that gives the
    /// rank, which scripts between the launcher and this process have.
    static func name(rankVariable: String) -> String {
        var process = getppid()
        for _ in 0..<generationLimit {
            guard process > 1, hasVariable(rankVariable, process), let parent = parent(of: process) else { break }
            process = parent
        }
        return "process-\(process)"
    }

    private static func hasVariable(_ name: String, _ process: Int32) -> Bool {
        guard let bytes = contents("/proc/\(process)/environ") else { return false }
        let prefix = Array("\(name)=".utf8)
        return bytes.split(separator: 0).contains { $0.starts(with: prefix) }
    }

    /// The second field after the name in parentheses.
    private static func parent(of process: Int32) -> Int32? {
        guard let bytes = contents("/proc/\(process)/stat"), let end = bytes.lastIndex(of: UInt8(ascii: ")")) else {
            return nil
        }
        let fields = bytes[end...].split(separator: UInt8(ascii: " "))
        return fields.count > 2 ? Int32(String(decoding: fields[2], as: UTF8.self)) : nil
    }

    private static func contents(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        while bytes.count < 1 << 21 {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return bytes
    }
}
