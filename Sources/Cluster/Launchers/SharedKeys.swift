import Core
import Glibc
import Runs
import Transport

/// The keys of a launched job, agreed on without the user: rank 0 writes them beside the run directory, which all hosts
/// share, in two files that only their owner can read.
///
/// Keys that an earlier start of the same job left are used again, so that no rank can read outdated ones.
package struct SharedKeys: Sendable, Equatable {
    package let coordinatorFile: String
    package let workerFile: String
    private let folder: String

    /// `folder` is the parent of the run directory; `start` tells the job apart from others in it.
    package init(folder: String, start: String) {
        self.folder = folder
        let digest = SHA256Digest(of: Array(start.utf8)).hexadecimal.prefix(12)
        let stem = "\(folder)/.selvedge-\(digest)"
        coordinatorFile = "\(stem).coordinator"
        workerFile = "\(stem).worker"
    }

    /// Writes the files, each in one step. Called by rank 0.
    package func make() throws {
        if isUsable { return }
        let (coordinator, worker) = (try KeyPair(), try KeyPair())
        let files = [
            (coordinatorFile, KeyFile(owner: .coordinator, pair: coordinator, others: [worker.publicKey])),
            (workerFile, KeyFile(owner: .worker, pair: worker, others: [coordinator.publicKey])),
        ]
        try FileOperations().makeDirectories(folder, access: .owner)
        for (path, file) in files {
            let temporary = "\(path).\(getpid())"
            unlink(temporary)
            try SecretFile.write(file.text, to: temporary)
            guard rename(temporary, path) == 0 else {
                let code = errno
                unlink(temporary)
                throw KeyFileError.system("make the key file \(path)", code: code)
            }
        }
    }

    /// Whether both files are there and belong together.
    private var isUsable: Bool {
        guard let coordinator = try? KeyFile(parsing: SecretFile.read(path: coordinatorFile), source: coordinatorFile),
            let worker = try? KeyFile(parsing: SecretFile.read(path: workerFile), source: workerFile)
        else { return false }
        return coordinator.owner == .coordinator && worker.owner == .worker
            && coordinator.others == [worker.pair.publicKey] && worker.others == [coordinator.pair.publicKey]
    }

    /// Waits until rank 0 has written the workers' file. `note` shows a line to the user when that takes a while.
    package func waitForWorkerFile(
        seconds: Int = RankWait.seconds, note: (String) -> Void
    ) throws(LaunchKeysError) {
        let hasFile = RankWait.until(
            seconds: seconds, pauseMilliseconds: 50, { note("waiting for rank 0 to write \(workerFile)") }
        ) {
            access(workerFile, F_OK) == 0
        }
        guard hasFile else { throw LaunchKeysError(file: workerFile, seconds: seconds) }
    }

    /// Removes the files; rank 0 does so at the end.
    package func remove() {
        unlink(workerFile)
        unlink(coordinatorFile)
    }
}

/// Rank 0 wrote no keys in time.
package struct LaunchKeysError: Error, Sendable, Equatable, CustomStringConvertible {
    let file: String
    let seconds: Int

    package var description: String {
        "rank 0 wrote no \(file) within \(seconds) s: start all ranks in one folder that their hosts share, or give --key-file"
    }
}

/// The wait of a rank for what rank 0, or the host of rank 0, has to do first.
package enum RankWait {
    package static let seconds = 120
    /// Before a line is shown.
    private static let quietMilliseconds = 5000

    /// Waits until `isOver`, for so many seconds at most, and asks again after each pause; `note` is called once when
    /// that takes a while. Returns whether it was over in time.
    static func until(
        seconds: Int, pauseMilliseconds: UInt32, _ note: () -> Void, _ isOver: () -> Bool
    ) -> Bool {
        let start = MonotonicTime.now
        var isNoted = false
        while !isOver() {
            let milliseconds = start.elapsedMilliseconds
            guard milliseconds < seconds * 1000 else { return false }
            if milliseconds > quietMilliseconds, !isNoted {
                isNoted = true
                note()
            }
            usleep(pauseMilliseconds * 1000)
        }
        return true
    }
}
