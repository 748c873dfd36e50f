import Core
import NeuralNetwork
import Runs

/// The tensors of a file that match parameters of a model, and all mismatches.
///
/// A mismatch is of a layer that another model of the same kind may have in another size, or not at all; it can be
/// skipped. Everything else is a problem.
struct WeightMatch {
    struct Tensor {
        var parameter: ParameterDescription
        var values: [Float]
        /// Whether the values have torch's layout; the internal one otherwise.
        var isTorchLayout: Bool
    }

    private(set) var tensors: [Tensor] = []
    private(set) var problems: [String] = []
    private(set) var mismatches: [String] = []
    /// Layers of the model that the file does not fill as a whole.
    private var mismatchedLayers: Set<String> = []

    init() {}

    mutating func addProblem(_ text: String) {
        problems.append(text)
    }

    private mutating func addMismatch(_ text: String, layers: [String]) {
        mismatches.append(text)
        mismatchedLayers.formUnion(layers)
    }

    /// Leaves layers out that do not match, unless none does. Returns what was skipped and which layers keep their
    /// random start, in a line each.
    mutating func skipMismatches() -> [String] {
        tensors.removeAll { mismatchedLayers.contains($0.parameter.layerName) }
        guard !tensors.isEmpty else {
            problems.append("no layer matches")
            return []
        }
        var lines = mismatches.map { "skipped: \($0)" }
        if !mismatchedLayers.isEmpty {
            lines.append("with a random start: \(mismatchedLayers.sorted().joined(separator: ", "))")
        }
        mismatches = []
        return lines
    }

    mutating func checkFinite() {
        for tensor in tensors where !tensor.values.allSatisfy(\.isFinite) {
            problems.append("\(tensor.parameter.name) has values that are not finite numbers")
        }
    }
}

/// Keras files: layers match by name or position, tensors by their position in the layer. Keras has the internal
/// layouts: convolutions [height, width, inputs, outputs], dense layers [inputs, outputs], rows after Flatten in the
/// order height, width, channel.
extension WeightMatch {
    private struct ModelLayer {
        var name: String
        var parameters: [ParameterDescription]

        var kind: LayerKind { LayerKind(rank: parameters.first?.internalShape.count) }
    }

    /// Distinguishes layers without a common name by the rank of their first tensor.
    private enum LayerKind: String, CaseIterable {
        case convolution, dense, normalization, other

        init(rank: Int?) {
            switch rank {
            case 4: self = .convolution
            case 2: self = .dense
            case 1: self = .normalization
            default: self = .other
            }
        }

        func counted(_ count: Int) -> String { "\(count) \(rawValue) layer\(count == 1 ? "" : "s")" }
    }

    /// Layers of the same name are matched first, the others by their position among the layers of their kind, of which
    /// the file must have as many as the model. With `takesAll` false, the file may have further layers if all wanted
    /// ones match by name.
    init(_ weights: KerasWeights, _ wanted: [ParameterDescription], takesAll: Bool) {
        var unnamed: [ModelLayer] = []
        var rest = weights.layers
        for layer in Self.layers(of: wanted) {
            let places = rest.indices.filter { rest[$0].name == layer.name }
            switch places.count {
            case 0: unnamed.append(layer)
            case 1: match(layer, rest.remove(at: places[0]))
            default: problems.append("\(places.count) layers of the file are named \(layer.name)")
            }
        }
        guard takesAll || !unnamed.isEmpty else { return }
        for kind in LayerKind.allCases {
            let found = rest.filter { LayerKind(rank: $0.tensors.first?.shape.count) == kind }
            matchByPlace(unnamed.filter { $0.kind == kind }, found, kind, isOrdered: weights.isInModelOrder)
        }
    }

    private static func layers(of parameters: [ParameterDescription]) -> [ModelLayer] {
        var layers: [ModelLayer] = []
        for parameter in parameters {
            if layers.last?.name == parameter.layerName {
                layers[layers.count - 1].parameters.append(parameter)
            } else {
                layers.append(ModelLayer(name: parameter.layerName, parameters: [parameter]))
            }
        }
        return layers
    }

    private mutating func matchByPlace(
        _ layers: [ModelLayer], _ found: [KerasWeights.Layer], _ kind: LayerKind, isOrdered: Bool
    ) {
        guard layers.count == found.count else {
            var text = "the file has \(kind.counted(found.count)) where the model needs \(layers.count)"
            if !layers.isEmpty { text += " (\(layers.map(\.name).joined(separator: ", ")))" }
            if !found.isEmpty { text += ", in the file \(found.map { quoted($0.name) }.joined(separator: ", "))" }
            return addMismatch(text, layers: layers.map(\.name))
        }
        // Such a file does not have the order of a model and a model inside it.
        guard isOrdered || Set(found.map(\.container)).count <= 1 else {
            return problems.append(
                "the \(kind.rawValue) layers of the file are of several models, so only their names could distinguish them: "
                    + found.map { quoted($0.name) }.joined(separator: ", "))
        }
        for (layer, other) in zip(layers, found) { match(layer, other) }
    }

    private mutating func match(_ layer: ModelLayer, _ found: KerasWeights.Layer) {
        guard layer.parameters.count == found.tensors.count else {
            return addMismatch(
                "layer \(quoted(found.name)) has \(found.tensors.count) tensors, the model's \(layer.name) "
                    + "\(layer.parameters.count)", layers: [layer.name])
        }
        for (parameter, tensor) in zip(layer.parameters, found.tensors) {
            if parameter.internalShape == tensor.shape {
                tensors.append(Tensor(parameter: parameter, values: tensor.values, isTorchLayout: false))
            } else {
                addMismatch(
                    "\(quoted(tensor.path)) has shape \(tensor.shape), the model's \(parameter.name) "
                        + "\(parameter.internalShape)", layers: [layer.name])
            }
        }
    }
}

/// Safetensors files: tensors match by name, in torch's layouts.
extension WeightMatch {
    /// Matches names with or without one common prefix (`model.` in a checkpoint), or layers by their position where
    /// the file numbers them as a plain `nn.Sequential` does. With `takesAll` the file may have no other tensors,
    /// except for a checkpoint's optimizer and torch's counters of batches.
    init(_ file: Safetensors, _ wanted: [ParameterDescription], takesAll: Bool) {
        let prefix = Self.prefix(file, wanted)
        var names = wanted.map { prefix + $0.name }
        if let numbered = NumberedLayers(file), !names.contains(where: { file.tensor(named: $0) != nil }) {
            guard let found = numbered.names(of: wanted) else {
                let layerCount = Set(wanted.map(\.layerName)).count
                problems.append("the file numbers \(numbered.count) layers, the model needs \(layerCount)")
                return
            }
            names = found
        }
        for (parameter, name) in zip(wanted, names) {
            guard let tensor = file.tensor(named: name) else {
                addMismatch("\(name) is missing", layers: [parameter.layerName])
                continue
            }
            guard tensor.shape == parameter.torchShape else {
                addMismatch(
                    "\(name) has shape \(tensor.shape), the model needs \(parameter.torchShape)",
                    layers: [parameter.layerName])
                continue
            }
            guard let values = try? file.widenedFloats(tensor) else {
                problems.append("\(name) has type \(tensor.elementType.rawValue), F16, BF16, F32 and F64 are read")
                continue
            }
            tensors.append(Tensor(parameter: parameter, values: values, isTorchLayout: true))
        }
        guard takesAll else { return }
        let known = Set(names)
        for tensor in file.tensors where !known.contains(tensor.name) && !Self.isAside(tensor.name, prefix) {
            addMismatch("\(quoted(tensor.name)) is not in the model", layers: [])
        }
    }

    /// The prefix with which most names are in the file. Of equals: none, then a checkpoint's, then the first in the
    /// file.
    private static func prefix(_ file: Safetensors, _ wanted: [ParameterDescription]) -> String {
        guard let first = wanted.first else { return "" }
        var candidates = ["", "model."]
        for tensor in file.tensors where tensor.name.hasSuffix("." + first.name) {
            candidates.append(String(tensor.name.dropLast(first.name.count)))
        }
        var best = (prefix: "", count: -1)
        // A file with many layers of similar names has many candidates; usually there is one.
        for prefix in candidates.prefix(64) {
            let count = wanted.count { file.tensor(named: prefix + $0.name) != nil }
            if count > best.count { best = (prefix, count) }
        }
        return best.prefix
    }

    /// The layers with weights of a plain `nn.Sequential`: `0.weight`, `0.bias`, `3.weight`, …, all with one prefix or
    /// none.
    private struct NumberedLayers {
        private let prefix: String
        /// Ascending.
        private let numbers: [Int]

        var count: Int { numbers.count }

        /// Nil for a file with a tensor of another name.
        init?(_ file: Safetensors) {
            var prefixes: Set<String> = []
            var numbers: Set<Int> = []
            for tensor in file.tensors {
                let parts = tensor.name.split(separator: ".", omittingEmptySubsequences: false)
                guard parts.count >= 2, let number = Int(parts[parts.count - 2]), number >= 0 else { return nil }
                prefixes.insert(parts.dropLast(2).map { $0 + "." }.joined())
                numbers.insert(number)
            }
            guard prefixes.count == 1, let prefix = prefixes.first else { return nil }
            self.prefix = prefix
            self.numbers = numbers.sorted()
        }

        /// The name of each parameter in the file; nil where the file has another number of layers.
        func names(of wanted: [ParameterDescription]) -> [String]? {
            var layers: [String] = []
            for parameter in wanted where layers.last != parameter.layerName { layers.append(parameter.layerName) }
            guard layers.count == numbers.count else { return nil }
            let places = Dictionary(uniqueKeysWithValues: zip(layers, numbers))
            return wanted.compactMap { parameter in
                places[parameter.layerName].map { number in
                    "\(prefix)\(number)" + parameter.name.dropFirst(parameter.layerName.count)
                }
            }
        }
    }

    private static func isAside(_ name: String, _ prefix: String) -> Bool {
        name.hasSuffix(".num_batches_tracked") || (prefix == "model." && name.hasPrefix("optimizer."))
    }
}
