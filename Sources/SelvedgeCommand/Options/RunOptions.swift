import ArgumentParser
import Cluster
import Core
import Foundation
import Runs

/// Where a run is written, and whether it is continued.
struct RunOptions: ParsableArguments {
    @Option(help: "Run directory; by default runs/NAME-N, never an existing one.", completion: .directory)
    var run: String?

    @Option(
        name: .customLong("resume"), defaultAsFlag: "",
        help: ArgumentHelp(
            "Continue a run from its last checkpoint: the run of the given checkpoint or folder, else the one in --run, else "
                + "the newest. With a new --run, that run gets a copy. 'auto' continues the run of this job if it has begun, "
                + "and begins it otherwise.", valueName: "checkpoint"),
        completion: Completions.checkpoint)
    var resume: String?

    @Option(
        name: .customLong("init"),
        help: ArgumentHelp(
            "Start from the weights in a checkpoint, a torch safetensors file or a Keras .h5 file.", valueName: "file"),
        completion: .file())
    var initialWeights: String?

    @Flag(
        help:
            "With --init: layers that do not match the file keep their random start, for fine-tuning to other classes."
    )
    var skipMismatch = false

    @Flag(
        help:
            "Let the group read what is written to the run directory, within the umask; by default only its owner can.")
    var groupReadable = false

    @Flag(
        help: ArgumentHelp(
            "Use a run directory on NFS or Lustre whose locks do not hold on other hosts: start one coordinator at a time."
        ))
    var assumeLocks = false

    @Option(help: "Training steps of a point in TensorBoard's curves over steps; 0 leaves these curves out.")
    var logEvery = RunOptions.usualLogEvery

    @Flag(help: "Print the results as JSON on standard output.")
    var json = false

    /// What --run and --resume ask for. Throws where they do not fit together.
    var request: RunRequest {
        get throws {
            guard let resumed = try resumed else { return .new(path: run) }
            if let target = resumed.copyTarget {
                return .copy(path: target, checkpoint: resumed.checkpoint, source: resumed.run)
            }
            return .resume(path: resumed.run, checkpoint: resumed.checkpoint)
        }
    }

    var folderPolicy: FolderPolicy {
        FolderPolicy(access: groupReadable ? .group : .owner, assumesLocks: assumeLocks)
    }

    private var resumed: ResumedRun? { get throws { try resume.map { try ResumedRun($0, run: run) } } }

    /// The experiment file of the run to continue; nil for a new run or if the file is missing.
    func experimentFile(name: String) throws -> String? {
        guard let resumed = try resumed else { return nil }
        guard let path = try resumed.run ?? RunDirectory.newest(name: name) else { return nil }
        let file = RunPaths(path).experiment
        return FileManager.default.fileExists(atPath: file) ? file : nil
    }

    func validate() throws {
        guard initialWeights == nil || resume == nil || resume == Self.automatic else {
            throw ValidationError("--init starts a new run: remove --resume")
        }
        guard !skipMismatch || initialWeights != nil else {
            throw ValidationError("--skip-mismatch is for the file of --init: give one")
        }
        guard 0...Self.logEveryLimit ~= logEvery else {
            throw ValidationError("--log-every takes a number from 0 to \(Self.logEveryLimit)")
        }
    }

    private static let automatic = "auto"
    private static let usualLogEvery = 50
    private static let logEveryLimit = 1_000_000

    /// These options with `--resume auto` decided: the run in --run or, for the experiment `name`, in runs/NAME-job-JOB
    /// is continued if it was begun, so that a job that is queued again goes on. Only the first start takes --init.
    func decided(name: @autoclosure () throws -> String, job: @autoclosure () throws -> String?) throws -> RunOptions {
        guard resume == Self.automatic else { return self }
        var options = self
        let path: String
        if let run {
            path = run
        } else {
            guard let job = try job() else {
                throw ExitStatus(
                    ProcessExitCode.usage,
                    "--resume auto: no variable names this job (SELVEDGE_JOB, SLURM_JOB_ID, TORCHELASTIC_RUN_ID): give --run"
                )
            }
            path = "runs/\(try name())-job-\(job)"
        }
        options.run = path
        options.resume = FileManager.default.fileExists(atPath: RunPaths(path).experiment) ? "" : nil
        if options.resume != nil { (options.initialWeights, options.skipMismatch) = (nil, false) }
        return options
    }

    /// The folder that has the run directory, or will have it.
    var parentFolder: String {
        guard let run else { return "runs" }
        let parent = URL(fileURLWithPath: run).deletingLastPathComponent().relativePath
        return parent.isEmpty ? "." : parent
    }

    /// The run of a coordinator that died: the one it announced, or the one at --run if it created that before
    /// announcing it. Nil if there is none.
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
            + (logEvery == Self.usualLogEvery ? [] : ["--log-every", String(logEvery)])
    }

    private var requestArguments: [String] {
        flag("run", run) + flag("init", initialWeights) + (skipMismatch ? ["--skip-mismatch"] : [])
            + (resume.map { $0.isEmpty ? ["--resume"] : ["--resume", $0] } ?? [])
    }
}

/// How much a training prints on standard error.
struct OutputOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Print only warnings and errors besides the result.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Print all events that go to log.jsonl.")
    var verbose = false

    func validate() throws {
        guard !(quiet && verbose) else { throw ValidationError("give --quiet or --verbose, not both") }
    }

    /// The same options for another process of this program.
    var arguments: [String] { (quiet ? ["--quiet"] : []) + (verbose ? ["--verbose"] : []) }
}
