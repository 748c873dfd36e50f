package import Core
package import Runs

/// Why a training cannot begin with the weights that were asked for.
package enum InitialWeightsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// No file of this name in any of the folders.
    case missing(file: String, searched: [String])
    /// No run of the experiment whose last state is asked for.
    case missingRun(experiment: String)
    /// The run whose last state is asked for has not come to its end.
    case unfinishedRun(path: String, epochs: Int, of: Int)
    /// The experiment knows its weights by their digest alone.
    case unnamed(SHA256Digest)
    /// The run was interrupted before its first state was saved.
    case lost(run: String)
    case file(FileError)
    case keras(KerasWeightsError)
    case tensors(path: String, SafetensorsError)
    /// An archive of a kind that is not read.
    case archive(path: String)
    case otherDigest(path: String, found: SHA256Digest, expected: SHA256Digest)
    /// The file is not of this model: everything that does not match.
    case mismatch(path: String, problems: [String])

    package var description: String {
        switch self {
        case .missing(let file, let searched):
            "no weights file \(file) in \(searched.joined(separator: ", ")): put it into one of these folders, "
                + "or name it with --init"
        case .missingRun(let experiment):
            "training begins with the weights of \(experiment), and no runs/\(experiment)-N has a checkpoint: "
                + "train \(experiment) first, or name a checkpoint with --init"
        case .unfinishedRun(let path, let epochs, let count):
            "training begins with the weights of \(path), which has finished \(epochs) of \(count) epochs: "
                + "go on with it first, or name a checkpoint with --init"
        case .unnamed(let digest):
            "training begins with weights whose SHA-256 is \(digest.hexadecimal): name their file with --init"
        case .lost(let run):
            "the run \(run) was interrupted before the weights it begins with were saved: start a new run"
        case .file(let error): error.description
        case .keras(let error): error.description
        case .tensors(let path, let error): "\(path): \(error)"
        case .archive(let path):
            "\(path) is an archive, as .keras and .pt files are, which are not read: save the weights as safetensors, or in "
                + "Keras with model.save_weights(\"NAME.weights.h5\")"
        case .otherDigest(let path, let found, let expected):
            "\(path) has SHA-256 \(found.hexadecimal), and the experiment begins with \(expected.hexadecimal): "
                + "name that file with --init"
        case .mismatch(let path, let problems):
            "\(path) does not fit the model: \(problems.joined(separator: "; "))"
        }
    }
}
