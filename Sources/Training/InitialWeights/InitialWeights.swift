package import Core
package import Experiments
package import NeuralNetwork
package import Runs

/// A file with the first weights of a training: a checkpoint, a torch safetensors file or a Keras file.
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
    /// Whether layers that do not match keep their random start.
    private let skipsMismatches: Bool
    let contents: Contents

    /// Finds and reads the experiment's first weights; nil where they are random.
    ///
    /// `file` is the user's path instead of the experiment's: a checkpoint fills the whole model, any other file the
    /// layers of the experiment's group. `skipsMismatches` leaves out layers that do not match, as the experiment may
    /// do, too. `data` is the user's folder with data. `readKeras` is called with the bytes and path of a Keras file; a
    /// program that must not crash passes one that reads in another process.
    package init?(
        for experiment: Experiment, file: String?, skipsMismatches: Bool = false, data: String?,
        environment: [String: String],
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
        self.skipsMismatches = skipsMismatches || configuration?.skipsMismatches ?? false
        if file == nil, case .run = configuration?.origin { try checkEnd() }
    }

    /// The path of the experiment's file; nil for an experiment without one.
    package static func path(
        for experiment: Experiment, data: String?, environment: [String: String]
    ) throws(InitialWeightsError) -> String? {
        guard let origin = experiment.initialWeights?.origin else { return nil }
        return try InitialWeightsSearch(data: data, environment: environment).path(of: origin)
    }

    /// The experiment as it is run: with the digest of its weights instead of their place.
    package func resolving(_ experiment: Experiment) -> Experiment {
        var experiment = experiment
        experiment.initialWeights = InitialWeightsConfiguration(
            layers: layers, digest: digest, skipsMismatches: skipsMismatches)
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

    /// Refuses the checkpoint of an unfinished run: a later one would have other weights.
    private func checkEnd() throws(InitialWeightsError) {
        guard case .tensors(let checkpoint) = contents,
            let experiment = try? ReplicatedState.experiment(in: checkpoint),
            let progress = try? ReplicatedState.progress(in: checkpoint)
        else { throw .mismatch(path: path, problems: ["it is not a checkpoint of this program's version"]) }
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

/// Why a training cannot start with the given weights.
package enum InitialWeightsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// No file of this name in any of the folders.
    case missing(file: String, searched: [String])
    /// No run of the experiment whose last state is to be used.
    case missingRun(experiment: String)
    /// The run whose last state is to be used is not finished.
    case unfinishedRun(path: String, epochs: Int, of: Int)
    /// The experiment has only the digest of its weights.
    case unnamed(SHA256Digest)
    /// The run was interrupted before its first state was saved.
    case lost(run: String)
    case file(FileError)
    case keras(KerasWeightsError)
    case tensors(path: String, SafetensorsError)
    /// An archive, which is not supported.
    case archive(path: String)
    case otherDigest(path: String, found: SHA256Digest, expected: SHA256Digest)
    /// The file is not of this model: all mismatches.
    case mismatch(path: String, problems: [String])

    package var description: String {
        switch self {
        case .missing(let file, let searched):
            "no weights file \(file) in \(searched.joined(separator: ", ")): put it into one of these folders, "
                + "or name it with --init"
        case .missingRun(let experiment):
            "training starts with the weights of \(experiment), and no runs/\(experiment)-N has a checkpoint: "
                + "train \(experiment) first, or name a checkpoint with --init"
        case .unfinishedRun(let path, let epochs, let count):
            "training starts with the weights of \(path), which has finished \(epochs) of \(count) epochs: "
                + "complete it first, or name a checkpoint with --init"
        case .unnamed(let digest):
            "training starts with weights whose SHA-256 is \(digest.hexadecimal): name their file with --init"
        case .lost(let run):
            "the run \(run) was interrupted before its first weights were saved: start a new run"
        case .file(let error): error.description
        case .keras(let error): error.description
        case .tensors(let path, let error): "\(path): \(error)"
        case .archive(let path):
            "\(path) is an archive, as .keras and .pt files are, which are not read: save the weights as safetensors, or in "
                + "Keras with model.save_weights(\"NAME.weights.h5\")"
        case .otherDigest(let path, let found, let expected):
            "\(path) has SHA-256 \(found.hexadecimal), and the experiment starts with \(expected.hexadecimal): "
                + "name that file with --init"
        case .mismatch(let path, let problems):
            "\(path) does not fit the model: \(problems.joined(separator: "; "))"
        }
    }
}

extension InitialWeights {
    /// The state before the first step: these weights, random ones in layers that the file does not fill, slots and
    /// progress zero.
    ///
    /// - Throws: `InitialWeightsError.mismatch` with all mismatches.
    package func state(model: Model, experiment: Experiment) throws(InitialWeightsError) -> ReplicatedState {
        try start(model: model, experiment: experiment).state
    }

    /// The same state, and in a line each what was skipped.
    package func start(
        model: Model, experiment: Experiment
    ) throws(InitialWeightsError) -> (state: ReplicatedState, skipped: [String]) {
        let wanted = model.parameters.filter { parameter in
            layers?.layerNames.contains(parameter.layerName) ?? true
        }
        var match: WeightMatch
        if let layers, wanted.isEmpty {
            match = WeightMatch()
            match.addProblem("the model has no layers of the group \(layers.rawValue)")
        } else {
            switch contents {
            case .keras(let weights): match = WeightMatch(weights, wanted, takesAll: layers == nil)
            case .tensors(let file): match = WeightMatch(file, wanted, takesAll: layers == nil)
            }
        }
        let skipped = skipsMismatches ? match.skipMismatches() : []
        match.checkFinite()
        let problems = match.problems + match.mismatches
        guard problems.isEmpty else { throw .mismatch(path: path, problems: problems) }
        let state = ReplicatedState(model: model, experiment: experiment)
        for tensor in match.tensors {
            let target = state.parameters.pointer + tensor.parameter.arenaOffset
            tensor.values.withUnsafeBufferPointer { source in
                guard let base = source.baseAddress else { return }
                if tensor.isTorchLayout {
                    tensor.parameter.fromTorch(base, target)
                } else {
                    target.update(from: base, count: tensor.parameter.count)
                }
            }
        }
        return (state, skipped)
    }
}
