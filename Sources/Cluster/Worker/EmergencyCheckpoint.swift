import Coordination
import Core
import Runs

/// The state of a worker that nobody leads any more, in a folder of its own: never in the run directory, which belongs to
/// a coordinator.
enum EmergencyCheckpoint {
    /// Writes the state and returns the path. All workers of a run write the same bytes under the same name.
    static func save(
        _ state: [UInt8], in folder: String, job: JobIdentifier, completedSteps: UInt64
    ) throws -> String {
        try FileOperations().makeDirectories(folder)
        let path = "\(folder)/\(job.description.prefix(8))-step-\(completedSteps).safetensors"
        try AtomicFile.write(state, to: path)
        return path
    }

    /// Where it goes by default: the user's folder for states.
    static func folder(environment: [String: String]) -> String? {
        if let path = environment["XDG_STATE_HOME"], path.hasPrefix("/") { return path + "/selvedge" }
        return environment["HOME"].map { $0 + "/.local/state/selvedge" }
    }
}
