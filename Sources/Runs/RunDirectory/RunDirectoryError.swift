import Core

/// Why a run directory cannot be made, opened or resumed from.
package enum RunDirectoryError: Error, Sendable, Equatable, CustomStringConvertible {
    case inUse(path: String, holder: String?)
    /// A new run was asked for where files are already.
    case notEmpty(path: String)
    /// The folder holds no run.
    case notARun(path: String)
    case otherExperiment(path: String, expected: String, found: String)
    /// Neither `last` nor `previous` can be read; `reasons` names what is wrong with each.
    case noCheckpoint(path: String, reasons: [String])
    case file(FileError)

    package var description: String {
        switch self {
        case .inUse(let path, let holder):
            "the run \(quoted(path)) is in use by another process\(holder.map { " (\($0))" } ?? ""); "
                + "wait for it to end, or choose another folder with --run"
        case .notEmpty(let path):
            "the folder \(quoted(path)) is not empty; continue its run with --resume, or choose another folder with --run"
        case .notARun(let path):
            "the folder \(quoted(path)) holds no run (it has no experiment.yaml); check the path"
        case .otherExperiment(let path, let expected, let found):
            "the run \(quoted(path)) is of another experiment (digest \(found.prefix(12)), not \(expected.prefix(12))); "
                + "give its own experiment (RUN/experiment.yaml) or choose another folder with --run"
        case .noCheckpoint(let path, let reasons):
            "the run \(quoted(path)) has no checkpoint to resume from: \(reasons.joined(separator: "; ")); start a new run"
        case .file(let error): error.description
        }
    }
}
