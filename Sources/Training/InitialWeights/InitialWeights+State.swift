package import Experiments
package import NeuralNetwork
import Runs

extension InitialWeights {
    /// The state before the first step: these weights, random ones where the file fills only some layers, slots and
    /// progress at zero.
    ///
    /// - Throws: `InitialWeightsError.mismatch` with everything that does not match.
    package func state(model: Model, experiment: Experiment) throws(InitialWeightsError) -> ReplicatedState {
        let wanted = model.parameters.filter { parameter in
            layers?.layerNames.contains(parameter.layerName) ?? true
        }
        var match: WeightMatch
        if let layers, wanted.isEmpty {
            match = WeightMatch()
            match.problems.append("the model has no layers of the group \(layers.rawValue)")
        } else {
            switch contents {
            case .keras(let weights): match = WeightMatch(weights, wanted, takesAll: layers == nil)
            case .tensors(let file): match = WeightMatch(file, wanted, takesAll: layers == nil)
            }
        }
        match.checkFinite()
        guard match.problems.isEmpty else { throw .mismatch(path: path, problems: match.problems) }
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
        return state
    }
}

/// The tensors of a file that go with parameters of a model, and what does not match.
struct WeightMatch {
    struct Tensor {
        var parameter: ParameterDescription
        var values: [Float]
        /// Whether the values stand as in torch; as inside otherwise.
        var isTorchLayout: Bool
    }

    var tensors: [Tensor] = []
    var problems: [String] = []

    mutating func checkFinite() {
        for tensor in tensors where !tensor.values.allSatisfy(\.isFinite) {
            problems.append("\(tensor.parameter.name) holds values that are not finite numbers")
        }
    }
}

extension ParameterDescription {
    /// The part of the name that all tensors of a layer share.
    var layerName: String {
        name.utf8.lastIndex(of: UInt8(ascii: ".")).map { String(name[..<$0]) } ?? name
    }
}
