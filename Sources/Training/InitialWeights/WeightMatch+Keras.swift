import Core
import NeuralNetwork
import Runs

/// Keras files: layers go by their names, or by their places; tensors by their places in the layer. Keras's layouts are those
/// inside: convolutions [height, width, inputs, outputs], dense layers [inputs, outputs], rows after Flatten in the order height,
/// width, channel.
extension WeightMatch {
    private struct ModelLayer {
        var name: String
        var parameters: [ParameterDescription]

        var kind: LayerKind { LayerKind(rank: parameters.first?.internalShape.count) }
    }

    /// What tells layers apart that have no common name: the rank of their first tensor.
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

    /// Layers of one name are matched first. What is left over goes by its place among the layers of its kind, of which the
    /// file must have as many as the model; with `takesAll` false, layers of the file may be left when all wanted ones have a name in it.
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
            return problems.append(text)
        }
        // The order between a model and a model inside it is not in such a file.
        guard isOrdered || Set(found.map(\.container)).count <= 1 else {
            return problems.append(
                "the \(kind.rawValue) layers of the file are of several models, so only their names could tell them apart: "
                    + found.map { quoted($0.name) }.joined(separator: ", "))
        }
        for (layer, other) in zip(layers, found) { match(layer, other) }
    }

    private mutating func match(_ layer: ModelLayer, _ found: KerasWeights.Layer) {
        guard layer.parameters.count == found.tensors.count else {
            return problems.append(
                "layer \(quoted(found.name)) has \(found.tensors.count) tensors, the model's \(layer.name) "
                    + "\(layer.parameters.count)")
        }
        for (parameter, tensor) in zip(layer.parameters, found.tensors) {
            if parameter.internalShape == tensor.shape {
                tensors.append(Tensor(parameter: parameter, values: tensor.values, isTorchLayout: false))
            } else {
                problems.append(
                    "\(quoted(tensor.path)) has shape \(tensor.shape), the model's \(parameter.name) "
                        + "\(parameter.internalShape)")
            }
        }
    }
}
