import ArgumentParser
import Cluster
import Foundation
import Runs

/// Where a run is written, and whether it is continued.
struct RunOptions: ParsableArguments {
    @Option(help: "Run directory; by default runs/NAME-N, never an existing one.")
    var run: String?

    @Option(
        name: .customLong("resume"), defaultAsFlag: "",
        help: ArgumentHelp(
            "Continue a run: the one in --run, or else the newest, from its last checkpoint or the given one.",
            valueName: "checkpoint"))
    var resume: String?

    @Option(
        name: .customLong("init"),
        help: ArgumentHelp(
            "Start from the weights in a checkpoint, a torch safetensors file or a Keras .h5 file.", valueName: "file"))
    var initialWeights: String?

    @Flag(
        help:
            "Let the group read what is written to the run directory, within the umask; by default only its owner can.")
    var groupReadable = false

    @Flag(
        help: ArgumentHelp(
            "Use a run directory on NFS or Lustre whose locks do not hold on other hosts: start one coordinator at a time."
        ))
    var assumeLocks = false

    @Flag(help: "Print the results as JSON on standard output.")
    var json = false

    var request: RunRequest {
        resume.map { .resume(path: run, checkpoint: $0.isEmpty ? nil : $0) } ?? .new(path: run)
    }

    var folderPolicy: FolderPolicy {
        FolderPolicy(access: groupReadable ? .group : .owner, assumesLocks: assumeLocks)
    }

    /// The experiment file of the run to continue; nil for a new run or if the file is missing.
    func experimentFile(name: String) throws -> String? {
        guard resume != nil else { return nil }
        guard let path = try run ?? RunDirectory.newest(name: name) else { return nil }
        let file = RunPaths(path).experiment
        return FileManager.default.fileExists(atPath: file) ? file : nil
    }

    func validate() throws {
        guard initialWeights == nil || resume == nil else {
            throw ValidationError("--init starts a new run: remove --resume")
        }
    }

    /// The run of a coordinator that died: the one it announced, or the one at --run if it created that before announcing
    /// it. Nil if there is none.
    func runOfPredecessor(announced: String?) -> String? {
        if let announced { return announced }
        guard resume == nil, let run else { return nil }
        return FileManager.default.fileExists(atPath: RunPaths(run).experiment) ? run : nil
    }

    /// The same options for another process of this program; with a path, for one that continues that run.
    func arguments(continuing path: String? = nil) -> [String] {
        let request = path.map { ["--run", $0, "--resume"] } ?? requestArguments
        return request + (json ? ["--json"] : []) + (groupReadable ? ["--group-readable"] : [])
            + (assumeLocks ? ["--assume-locks"] : [])
    }

    private var requestArguments: [String] {
        flag("run", run) + flag("init", initialWeights)
            + (resume.map { $0.isEmpty ? ["--resume"] : ["--resume", $0] } ?? [])
    }
}
