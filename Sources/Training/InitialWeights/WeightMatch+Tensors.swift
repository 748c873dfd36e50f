import Core
import NeuralNetwork
import Runs

/// Safetensors files: tensors go by their names, in torch's layouts.
extension WeightMatch {
    /// Matches names as they are, or behind one prefix that all have in common (`model.` in a checkpoint). With `takesAll` the file
    /// may hold nothing else, but for a checkpoint's optimizer and torch's counters of batches.
    init(_ file: Safetensors, _ wanted: [ParameterDescription], takesAll: Bool) {
        let prefix = Self.prefix(file, wanted)
        for parameter in wanted {
            let name = prefix + parameter.name
            guard let tensor = file.tensor(named: name) else {
                problems.append("\(name) is missing")
                continue
            }
            guard tensor.shape == parameter.torchShape else {
                problems.append("\(name) has shape \(tensor.shape), the model needs \(parameter.torchShape)")
                continue
            }
            guard let values = Self.values(tensor, in: file) else {
                problems.append("\(name) has type \(tensor.elementType.rawValue), F32 and F64 are read")
                continue
            }
            tensors.append(Tensor(parameter: parameter, values: values, isTorchLayout: true))
        }
        guard takesAll else { return }
        let known = Set(wanted.map { prefix + $0.name })
        for tensor in file.tensors where !known.contains(tensor.name) && !Self.isAside(tensor.name, prefix) {
            problems.append("\(quoted(tensor.name)) is not in the model")
        }
    }

    /// The prefix with which most names are in the file: none before a checkpoint's, that before others in their order.
    private static func prefix(_ file: Safetensors, _ wanted: [ParameterDescription]) -> String {
        guard let first = wanted.first else { return "" }
        var candidates = ["", "model."]
        for tensor in file.tensors where tensor.name.hasSuffix("." + first.name) {
            candidates.append(String(tensor.name.dropLast(first.name.count)))
        }
        var best = (prefix: "", count: -1)
        // A file of many layers with like names has many candidates; one is the rule.
        for prefix in candidates.prefix(64) {
            let count = wanted.count { file.tensor(named: prefix + $0.name) != nil }
            if count > best.count { best = (prefix, count) }
        }
        return best.prefix
    }

    private static func values(_ tensor: Safetensors.Tensor, in file: Safetensors) -> [Float]? {
        switch tensor.elementType {
        case .float32: try? file.floats(named: tensor.name)
        case .float64: (try? file.doubles(named: tensor.name))?.map { Float($0) }
        default: nil
        }
    }

    private static func isAside(_ name: String, _ prefix: String) -> Bool {
        name.hasSuffix(".num_batches_tracked") || (prefix == "model." && name.hasPrefix("optimizer."))
    }
}
