package import Core
import Datasets
import Experiments
import Glibc
import NeuralNetwork
import Runs
import Training

/// Checks of the file system and of the data.
enum FileChecks {
    static let all: [any HostCheck.Type] = [LockCheck.self, DiskSpaceCheck.self, DataCheck.self]
}

/// Locks in the folder of runs, which keep two coordinators from one run.
struct LockCheck: HostCheck {
    static let name = "file locks"

    enum Probe: Sendable, Equatable {
        /// A second lock of a locked file was refused, as it has to be.
        case exclusive
        /// It was granted.
        case shared
        /// The system refuses a file or its lock: what was tried, and why.
        case failed(String)
    }

    let folder: String
    let probe: Probe
    /// The file system, if other hosts do not see its locks.
    let otherHostsProblem: String?

    init(folder: String, probe: Probe, otherHostsProblem: String?) {
        self.folder = folder
        self.probe = probe
        self.otherHostsProblem = otherHostsProblem
    }

    init(on host: ExaminedHost) {
        let folder = ExistingFolder.nearest(to: host.runFolder)
        self.init(
            folder: folder, probe: Self.probe(folder), otherHostsProblem: SharedLocks.problem(ofFolder: folder))
    }

    /// Locks a new file twice, and removes it.
    private static func probe(_ folder: String) -> Probe {
        var template = Array("\(folder)/.selvedge-doctor-XXXXXX".utf8CString)
        let first = mkstemp(&template)
        guard first >= 0 else { return .failed("make a file in \(folder): \(String(cString: strerror(errno)))") }
        defer {
            close(first)
            unlink(template)
        }
        guard flock(first, LOCK_EX | LOCK_NB) == 0 else {
            return .failed("lock a file in \(folder): \(String(cString: strerror(errno)))")
        }
        let second = open(template, O_RDWR | O_CLOEXEC)
        guard second >= 0 else { return .failed("open a file in \(folder): \(String(cString: strerror(errno)))") }
        defer { close(second) }
        return flock(second, LOCK_EX | LOCK_NB) == 0 ? .shared : .exclusive
    }

    var verdict: Verdict {
        switch probe {
        case .failed(let problem):
            return .error(
                "cannot \(problem)", remedy: "choose another folder with --run", exitCode: ProcessExitCode.inputOutput)
        case .shared:
            return .error(
                "in \(folder) a file can be locked twice", remedy: "choose a folder on another file system with --run",
                exitCode: ProcessExitCode.usage)
        case .exclusive: break
        }
        if let otherHostsProblem {
            return .error(
                "\(folder) is on \(otherHostsProblem): other hosts do not see its locks",
                remedy: "mount it with locks, choose another folder with --run, or give --assume-locks and start one "
                    + "coordinator at a time", exitCode: ProcessExitCode.usage)
        }
        return .good("they hold in \(folder)")
    }
}

/// Room for checkpoints in the folder of runs.
struct DiskSpaceCheck: HostCheck {
    static let name = "disk space"
    let folder: String
    let freeByteCount: Int
    let freeFileCount: Int
    /// The size of a checkpoint with two optimizer slots.
    let checkpointByteCount: Int

    init(folder: String, freeByteCount: Int, freeFileCount: Int, checkpointByteCount: Int) {
        self.folder = folder
        self.freeByteCount = freeByteCount
        self.freeFileCount = freeFileCount
        self.checkpointByteCount = checkpointByteCount
    }

    init(on host: ExaminedHost) {
        let folder = ExistingFolder.nearest(to: host.runFolder)
        var status = statvfs()
        statvfs(folder, &status)
        self.init(
            folder: folder, freeByteCount: Int(clamping: status.f_bavail) * Int(clamping: status.f_frsize),
            // A file system without a table of files counts none.
            freeFileCount: status.f_files == 0 ? .max : Int(clamping: status.f_favail),
            checkpointByteCount: 3 * GradientSize.byteCount(of: host.experiment))
    }

    /// last, previous, best, and the one that is being written.
    private static let checkpointCount = 4
    /// Texts, pictures and the journal of a run.
    private static let otherByteCount = 20_000_000
    private static let smallByteCount = 1_000_000_000

    var verdict: Verdict {
        let figures = ["free_bytes": Double(freeByteCount)]
        let remedy = "remove old runs, or choose a folder on another file system with --run"
        guard freeFileCount > 0 else {
            return .error(
                "\(folder) can have no more files", remedy: remedy, exitCode: ProcessExitCode.inputOutput,
                figures: figures)
        }
        let needed = Self.checkpointCount * checkpointByteCount + Self.otherByteCount
        let text = "\(ByteText.of(freeByteCount)) free in \(folder)"
        guard freeByteCount >= needed else {
            return .error(
                "\(text), a run needs \(ByteText.of(needed))", remedy: remedy, exitCode: ProcessExitCode.inputOutput,
                figures: figures)
        }
        guard freeByteCount >= Self.smallByteCount else { return .warning(text, remedy: remedy, figures: figures) }
        return .good(text, figures: figures)
    }
}

/// The data of the experiment on this host.
struct DataCheck: HostCheck {
    static let name = "data"

    enum Outcome: Sendable, Equatable {
        case found(place: String, digest: SHA256Digest)
        case missing(String)
        case damaged(String)
    }

    let outcome: Outcome

    init(outcome: Outcome) {
        self.outcome = outcome
    }

    init(on host: ExaminedHost) {
        do throws(DatasetError) {
            let (experiment, folder) = (host.experiment, host.dataFolder)
            let sets = try DatasetLookup.load(experiment, data: folder, environment: host.environment)
            let place = DatasetLookup.place(experiment, data: folder, environment: host.environment)
            self.init(outcome: .found(place: place, digest: sets.training.digest))
        } catch {
            switch error {
            case .missing, .missingFolder: self.init(outcome: .missing(error.description))
            default: self.init(outcome: .damaged(error.description))
            }
        }
    }

    /// Nil where there are none.
    var digest: SHA256Digest? {
        if case .found(_, let digest) = outcome { digest } else { nil }
    }

    var verdict: Verdict {
        switch outcome {
        case .found(let place, let digest): .good("\(place), digest \(digest.abbreviated)")
        case .missing(let problem):
            .warning(problem, remedy: "the coordinator's host needs the data; it sends them to workers that have none")
        case .damaged(let problem):
            .error(problem, remedy: "copy the data again", exitCode: ProcessExitCode.badData)
        }
    }
}

extension ExaminedHost {
    /// The digest of the experiment's data on this host; nil where there are none.
    package var dataDigest: SHA256Digest? { DataCheck(on: self).digest }
}

/// The bytes that a step's gradient has.
enum GradientSize {
    static func byteCount(of experiment: Experiment) -> Int {
        let model = try? Model(experiment.model, loss: experiment.loss)
        return (model?.arenaCount ?? 0) * MemoryLayout<Float>.size
    }
}

enum ExistingFolder {
    /// The folder, or the nearest one above it that exists.
    static func nearest(to path: String) -> String {
        var folder = path[...]
        while !folder.isEmpty {
            if FileOperations().isDirectory(String(folder)) { return String(folder) }
            guard let slash = folder.lastIndex(of: "/") else { return "." }
            folder = folder[..<slash]
        }
        return path.hasPrefix("/") ? "/" : "."
    }
}
