package import Core
package import Experiments
package import Runs

/// A file with the weights that a training begins with: a checkpoint, a torch safetensors file or one of Keras's.
package struct InitialWeights: Sendable {
    package typealias KerasReader = (_ bytes: [UInt8], _ path: String) throws(KerasWeightsError) -> KerasWeights

    enum Contents: Sendable {
        case keras(KerasWeights)
        case tensors(Safetensors)
    }

    package let path: String
    /// SHA-256 of the file.
    package let digest: SHA256Digest
    /// The layers that are filled; nil for all.
    package let layers: InitialWeightsConfiguration.LayerGroup?
    let contents: Contents

    /// The weights that the experiment begins with, found and read; nil where they are drawn at random.
    ///
    /// `file` is a path that the user named instead of the experiment's. A checkpoint so named fills the whole model; any other
    /// file fills the layers that the experiment says. `data` is the folder with data that the user named. `readKeras` gets a
    /// Keras file's bytes and path; a program that must live gives one that reads in another process.
    package init?(
        for experiment: Experiment, file: String?, data: String?, environment: [String: String],
        readKeras: KerasReader = { (bytes, path) throws(KerasWeightsError) in
            try KerasWeights(bytes: bytes, file: path)
        }
    ) throws(InitialWeightsError) {
        let configuration = experiment.initialWeights
        guard file != nil || configuration != nil else { return nil }
        if let file {
            path = file
        } else if let found = try Self.path(for: experiment, data: data, environment: environment) {
            path = found
        } else {
            guard let digest = configuration?.digest else { return nil }
            throw .unnamed(digest)
        }
        let bytes = try Self.read(path)
        digest = SHA256Digest(of: bytes)
        if let expected = configuration?.digest, expected != digest {
            throw .otherDigest(path: path, found: digest, expected: expected)
        }
        contents = try Self.contents(bytes, path: path, readKeras)
        layers = file != nil && contents.isCheckpoint ? nil : configuration?.layers
        if file == nil, case .run = configuration?.origin { try checkEnd() }
    }

    /// Where the file is that the experiment names; nil where it names none.
    package static func path(
        for experiment: Experiment, data: String?, environment: [String: String]
    ) throws(InitialWeightsError) -> String? {
        guard let origin = experiment.initialWeights?.origin else { return nil }
        return try InitialWeightsSearch(data: data, environment: environment).path(of: origin)
    }

    /// The experiment as it is run: its weights are known by what they are, not by where they were found.
    package func resolving(_ experiment: Experiment) -> Experiment {
        var experiment = experiment
        experiment.initialWeights = InitialWeightsConfiguration(layers: layers, digest: digest)
        return experiment
    }

    private static func read(_ path: String) throws(InitialWeightsError) -> [UInt8] {
        do throws(FileError) {
            return try FileOperations().read(path, byteLimit: KerasWeights.byteLimit)
        } catch {
            throw .file(error)
        }
    }

    private static func contents(
        _ bytes: [UInt8], path: String, _ readKeras: KerasReader
    ) throws(InitialWeightsError) -> Contents {
        if KerasWeights.isHDF5(bytes) {
            do throws(KerasWeightsError) {
                return .keras(try readKeras(bytes, path))
            } catch {
                throw .keras(error)
            }
        }
        guard !bytes.starts(with: "PK".utf8) else { throw .archive(path: path) }
        do throws(SafetensorsError) {
            return .tensors(try Safetensors(bytes: bytes))
        } catch {
            throw .tensors(path: path, error)
        }
    }

    /// Refuses the checkpoint of a run that is not at its end: a later one would give other weights.
    private func checkEnd() throws(InitialWeightsError) {
        guard case .tensors(let checkpoint) = contents,
            let experiment = try? ReplicatedState.experiment(in: checkpoint),
            let progress = try? ReplicatedState.progress(in: checkpoint)
        else { throw .mismatch(path: path, problems: ["it is no checkpoint of this program's version"]) }
        guard experiment.earlyStopping != nil || progress.rows.count >= experiment.epochs else {
            throw .unfinishedRun(path: path, epochs: progress.rows.count, of: experiment.epochs)
        }
    }
}

extension InitialWeights.Contents {
    /// Whether this program wrote the file.
    var isCheckpoint: Bool {
        if case .tensors(let file) = self { file.metadata[CheckpointKey.experiment] != nil } else { false }
    }
}
