import Core
import Foundation
import Runs

/// Which run `--resume` continues, and from which checkpoint. A checkpoint continues the run that it belongs to, or a
/// new run gets a copy of it: two runs are never mixed.
struct ResumedRun {
    /// The run that has the checkpoint; nil for the newest of the experiment, and for a file outside of any run.
    let run: String?
    /// Nil for the newest valid one of the run.
    let checkpoint: String?
    /// The new run that gets a copy; nil where the run itself is continued.
    let copyTarget: String?

    /// `resume` is a checkpoint, a run directory, or empty for the newest checkpoint; `run` is the value of --run.
    init(_ resume: String, run: String?) throws {
        guard !resume.isEmpty else {
            (self.run, checkpoint, copyTarget) = (run, nil, nil)
            return
        }
        let isRun = FileOperations().isDirectory(resume)
        let owner = isRun ? RunPaths(resume).run : Self.owner(of: resume)
        if isRun, !Self.isRun(resume) { throw RunDirectoryError.notARun(path: resume) }
        let file = isRun ? nil : resume
        guard let run else {
            (self.run, checkpoint, copyTarget) = (owner, file, nil)
            return
        }
        if let owner, Self.isSame(run, owner) {
            // The checkpoint's path begins with the run's: its digest is in the run's journal.
            let name = URL(fileURLWithPath: resume).lastPathComponent
            (self.run, checkpoint, copyTarget) = (run, isRun ? nil : "\(RunPaths(run).checkpoints)/\(name)", nil)
            return
        }
        guard Self.isRun(run) else {
            (self.run, checkpoint, copyTarget) = (owner, file, run)
            return
        }
        if let owner {
            throw ExitStatus(
                ProcessExitCode.usage,
                "\(resume) belongs to the run \(owner), not to \(RunPaths(run).run): leave out --run to continue that run, or "
                    + "name a new folder that gets a copy")
        }
        (self.run, checkpoint, copyTarget) = (run, file, nil)
    }

    /// The run whose folder `checkpoints` has the file; nil where there is none.
    static func owner(of checkpoint: String) -> String? {
        let folder = URL(fileURLWithPath: checkpoint).deletingLastPathComponent()
        guard folder.lastPathComponent == "checkpoints" else { return nil }
        let parts = checkpoint.split(separator: "/", omittingEmptySubsequences: false)
        let run = parts.count > 2 ? parts.dropLast(2).joined(separator: "/") : folder.deletingLastPathComponent().path
        return isRun(run) ? run : nil
    }

    private static func isRun(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: RunPaths(path).experiment)
    }

    private static func isSame(_ left: String, _ right: String) -> Bool {
        func resolved(_ path: String) -> String {
            URL(fileURLWithPath: path).resolvingSymlinksInPath().standardized.path
        }
        return resolved(left) == resolved(right)
    }
}
