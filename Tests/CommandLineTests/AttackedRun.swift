import Core
import Foundation
import Glibc
import Synchronization
import Testing

/// A coordinator and two workers that have begun to train.
struct AttackedRun {
    /// More than ten seconds of training, so that an attack is over before its end.
    static let epochs = 600
    /// For an attack that itself lasts ten seconds.
    static let longEpochs = 1000

    let coordinator: Selvedge
    let workers: [Selvedge]
    let address: String
    /// The ports of the coordinator and of the workers' inboxes, while all of them run.
    var ports: [UInt16] {
        get throws { try ([coordinator] + workers).flatMap { try Self.listeningPorts($0.processIdentifier) } }
    }
    /// Between the workers and the coordinator; nil where they are connected directly.
    var wiretap: Wiretap?
    /// Between the first worker and the coordinator; nil where that does not lie.
    var falseWords: FalseWords?

    /// Without keys where `isInsecure`. `environment` is that of the workers; `change` makes a liar of rank 0,
    /// and `views` are those that it gets.
    init(
        in scratch: Scratch, isInsecure: Bool = false, isTapped: Bool = false, epochs: Int = AttackedRun.epochs,
        workers names: [String] = ["left", "right"], environment: [String: String] = [:],
        change: FalseWords.Change? = nil, views: FalseWords.ViewChange? = nil
    ) throws {
        let keys: (String) -> [String] = { isInsecure ? ["--insecure"] : ["--key-file", $0] }
        coordinator = try Selvedge(
            ["coordinator", "small.yaml", "--listen", "tcp://127.0.0.1:0", "--start-workers", "2"]
                + ["--epochs", "\(epochs)", "--run", isInsecure ? "open" : "run", "--transport", "zeromq"]
                + keys("job.coordinator") + (change == nil ? [] : ["-v"]),
            in: scratch)
        let address = String(
            try coordinator.line(containing: "Listening on ").dropFirst("Listening on ".count))
        let port = try #require(address.split(separator: ":").last.flatMap { UInt16($0) })
        wiretap = isTapped ? try Wiretap(to: port) : nil
        let meeting = wiretap.map { "tcp://127.0.0.1:\($0.port)" } ?? address
        let liar =
            change == nil && views == nil
            ? nil : try FalseWords(to: port, change: change ?? { _ in nil }, views: views ?? { _ in })
        falseWords = liar
        workers = try names.map { [coordinator] name in
            let isLiar = liar != nil && name == names[0]
            let address = isLiar ? "tcp://127.0.0.1:\(liar?.port ?? 0)" : meeting
            let worker = try Selvedge(
                ["worker", "--coordinator", address, "--name", name, "--threads", "1"] + keys("job.worker"),
                in: scratch, environment: environment)
            // The first that joins becomes rank 0.
            if isLiar { _ = try coordinator.worker(name) }
            return worker
        }
        self.address = address
        try coordinator.line(containing: "Epoch 1/")
    }

    /// The local ports at which a process listens.
    private static func listeningPorts(_ process: pid_t) throws -> [UInt16] {
        let folder = "/proc/\(process)/fd"
        let sockets = try FileManager.default.contentsOfDirectory(atPath: folder).compactMap { name in
            try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)")
        }
        let table = try String(contentsOfFile: "/proc/\(process)/net/tcp", encoding: .utf8)
        return table.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[3] == "0A", sockets.contains("socket:[\(fields[9])]") else {
                return nil
            }
            return UInt16(fields[1].suffix(4), radix: 16)
        }
    }

    /// The most memory that a live process had, in bytes.
    static func peakMemory(_ process: pid_t) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        let kilobytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
        guard let kilobytes else { throw Selvedge.Failure(description: "process \(process) has ended") }
        return kilobytes * 1024
    }

    /// Prints a row of the table of attacks: the coordinator's figures, and the workers' highest. A process that
    /// has ended counts as 0.
    func printRow(_ attack: String, log: [UInt8]) {
        func row(_ process: pid_t) -> (megabytes: Int, descriptors: Int) {
            let descriptors = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd")
            return (((try? Self.peakMemory(process)) ?? 0) >> 20, descriptors?.count ?? 0)
        }
        let own = row(coordinator.processIdentifier)
        let others = workers.map { row($0.processIdentifier) }
        print(
            "attack | \(attack) | \(own.megabytes), \(others.map(\.megabytes).max() ?? 0) MB | "
                + "\(own.descriptors), \(others.map(\.descriptors).max() ?? 0) descriptors | "
                + "\(log.count) bytes of log")
    }

    /// Waits until all processes have ended well.
    func expectEnd() throws -> Selvedge.End {
        let end = try coordinator.end()
        #expect(end.code == 0, "\(end.lines)")
        for worker in workers {
            let end = try worker.end()
            #expect(end.code == 0, "\(end.lines)")
        }
        return end
    }
}

extension Scratch {
    /// By epochs: of runs of the small experiment that nothing disturbed.
    private static let undisturbedDigests = Mutex<[Int: [String]]>([:])

    /// Compares an attacked run with one that nothing disturbed.
    func expectUndisturbed(_ run: String = "run", epochs: Int = AttackedRun.epochs) throws {
        let expected = try Self.undisturbedDigests.withLock { known in
            if let digests = known[epochs] { return digests }
            let calm = try Selvedge.run(
                ["train", "small.yaml", "--workers", "1", "--epochs", "\(epochs)", "--run", "calm"], in: self)
            #expect(calm.code == 0, "\(calm.lines)")
            let digests = try digests("calm")
            known[epochs] = digests
            return digests
        }
        #expect(try digests(run) == expected)
    }
}
