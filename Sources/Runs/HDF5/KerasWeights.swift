import CHDF5

/// The layers with weights of a Keras file, in the order of the file.
///
/// Two forms are read: the older .h5 of `model.save` and `save_weights`, and Keras 3's `.weights.h5`. Only names and
/// numbers are read.
package struct KerasWeights: Sendable, Equatable {
    /// The longest file that is read, in bytes.
    package static let byteLimit = 4 << 30

    package struct Layer: Sendable, Equatable {
        /// The layer's name.
        package var name: String
        /// The nested model that contains it; empty for the outermost.
        package var container: String
        /// In Keras's order: kernel, bias; or gamma, beta, moving mean, moving variance.
        package var tensors: [Tensor]
    }

    package struct Tensor: Sendable, Equatable {
        /// Its path in the file.
        package var path: String
        /// Row-major: `[height, width, inputs, outputs]` of a convolution, `[inputs, outputs]` of a dense layer.
        package var shape: [Int]
        package var values: [Float]
    }

    package var layers: [Layer]
    /// Whether the order of the layers is the model's. Keras 3's form keeps it only among layers of one class.
    package var isInModelOrder: Bool

    /// Whether bytes start like an HDF5 file without a user block.
    package static func isHDF5(_ bytes: [UInt8]) -> Bool {
        bytes.starts(with: [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A])
    }

    /// Reads a file in memory; `file` is its name for messages.
    package init(bytes: [UInt8], file: String) throws(KerasWeightsError) {
        do throws(HDF5Problem) {
            self = try HDF5Library.use { library throws(HDF5Problem) in
                let opened = try Self.open(bytes, library)
                return try Self.read(try HDF5Object.root(of: opened, library), byteLimit: bytes.count)
            }
        } catch {
            throw KerasWeightsError(file: file, problem: error)
        }
    }

    init(layers: [Layer], isInModelOrder: Bool) {
        self.layers = layers
        self.isInModelOrder = isInModelOrder
    }

    /// Opens the bytes in memory with the library; no file is opened.
    private static func open(_ bytes: [UInt8], _ library: HDF5Library) throws(HDF5Problem) -> HDF5Handle {
        let functions = library.functions
        guard isHDF5(bytes) else { throw .notHDF5 }
        guard let list = HDF5Handle(functions.H5Pcreate(functions.file_access_class), functions.H5Pclose),
            functions.H5Pset_fapl_core(list.identifier, 1 << 16, false) >= 0
        else { throw .notHDF5 }
        var bytes = bytes
        // The library takes a copy.
        guard functions.H5Pset_file_image(list.identifier, &bytes, bytes.count) >= 0,
            let file = HDF5Handle(functions.H5Fopen("weights", 0, list.identifier), functions.H5Fclose)
        else { throw .notHDF5 }
        return file
    }

    private static func read(_ root: borrowing HDF5Object, byteLimit: Int) throws(HDF5Problem) -> KerasWeights {
        var byteLimit = byteLimit
        if try root.hasAttribute(legacyLayerNames) { return try legacy(root, byteLimit: &byteLimit) }
        if try root.hasChild("model_weights") {
            return try legacy(try root.child("model_weights"), byteLimit: &byteLimit)
        }
        for name in ["layers", "_layer_checkpoint_dependencies"] where try root.hasChild(name) {
            var layers: [Layer] = []
            try collect(try root.child(name), container: "", depth: 0, into: &layers, byteLimit: &byteLimit)
            return KerasWeights(layers: layers, isInModelOrder: false)
        }
        throw .notWeights
    }
}

/// Keras 3's form: `layers/CLASS_N/vars/I`, where CLASS_N counts the layers of one class and the attribute "name" of
/// `vars` has the layer's name. A nested model has another group `layers`.
extension KerasWeights {
    /// The deepest nesting of models.
    private static let depthLimit = 8
    private static let tensorLimit = 1000

    static func collect(
        _ group: borrowing HDF5Object, container: String, depth: Int, into layers: inout [Layer], byteLimit: inout Int
    ) throws(HDF5Problem) {
        guard depth < depthLimit else { throw .tooMany(place: group.path) }
        for name in try group.childNames().sorted(by: precedes) {
            let layer = try group.child(name)
            if try layer.hasChild("vars") {
                let variables = try layer.child("vars")
                let tensors = try tensors(variables, byteLimit: &byteLimit)
                guard layers.count < HDF5Object.linkLimit else { throw .tooMany(place: group.path) }
                if !tensors.isEmpty {
                    let ownName = try variables.hasAttribute("name") ? variables.strings("name").first : nil
                    layers.append(Layer(name: ownName ?? name, container: container, tensors: tensors))
                }
            }
            if try layer.hasChild("layers") {
                try collect(
                    try layer.child("layers"), container: layer.path, depth: depth + 1, into: &layers,
                    byteLimit: &byteLimit)
            }
        }
    }

    private static func tensors(
        _ variables: borrowing HDF5Object, byteLimit: inout Int
    ) throws(HDF5Problem) -> [Tensor] {
        let names = try variables.childNames().sorted(by: precedes)
        guard names.count <= tensorLimit else { throw .tooMany(place: variables.path) }
        var tensors: [Tensor] = []
        for name in names {
            let dataset = try variables.child(name)
            let (shape, values) = try dataset.values(byteLimit: &byteLimit)
            tensors.append(Tensor(path: dataset.path, shape: shape, values: values))
        }
        return tensors
    }

    /// Whether a name precedes another in the order of their numbers: `dense`, `dense_1`, …, `dense_10`; `0`, `1`, …,
    /// `10`.
    static func precedes(_ left: String, _ right: String) -> Bool {
        let (left, right) = (counted(left), counted(right))
        if left.word != right.word { return left.word.utf8.lexicographicallyPrecedes(right.word.utf8) }
        return left.number < right.number
    }

    /// The word before the last "_" and the number after it, −1 without one.
    private static func counted(_ name: String) -> (word: Substring, number: Int) {
        let digits = name.utf8.reversed().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
        guard digits > 0, let number = Int(name.suffix(digits)) else { return (name[...], -1) }
        let word = name.dropLast(digits)
        if word.isEmpty { return ("", number) }
        return word.hasSuffix("_") ? (word.dropLast(), number) : (name[...], -1)
    }
}

/// The older form: a group for each layer, in the order of the attribute "layer_names"; it has the datasets of its
/// attribute "weight_names".
extension KerasWeights {
    static let legacyLayerNames = "layer_names"
    private static let legacyWeightNames = "weight_names"
    /// Longer lists of names are cut into pieces called NAME0, NAME1, …; no more than these.
    private static let pieceLimit = 1000

    static func legacy(_ group: borrowing HDF5Object, byteLimit: inout Int) throws(HDF5Problem) -> KerasWeights {
        let names = try names(legacyLayerNames, of: group)
        guard names.count <= HDF5Object.linkLimit else { throw .tooMany(place: group.path) }
        var layers: [Layer] = []
        for name in names {
            layers += try legacyLayers(try group.child(name), name: name, byteLimit: &byteLimit)
        }
        return KerasWeights(layers: layers, isInModelOrder: true)
    }

    /// The layers of one group: one, or those of a model that is a layer of the model. They differ in the paths of
    /// their weights, all but the last name.
    private static func legacyLayers(
        _ group: borrowing HDF5Object, name: String, byteLimit: inout Int
    ) throws(HDF5Problem) -> [Layer] {
        var layers: [(prefix: [String], tensors: [Tensor])] = []
        for weight in try names(legacyWeightNames, of: group) {
            let path = weight.split(separator: "/").map(String.init)
            let dataset = try group.descendant(path)
            let (shape, values) = try dataset.values(byteLimit: &byteLimit)
            let tensor = Tensor(path: dataset.path, shape: shape, values: values)
            let prefix = Array(path.dropLast())
            if layers.last?.prefix == prefix {
                layers[layers.count - 1].tensors.append(tensor)
            } else {
                layers.append((prefix, [tensor]))
            }
        }
        if layers.count == 1 { return [Layer(name: name, container: "", tensors: layers[0].tensors)] }
        return layers.map { Layer(name: $0.prefix.last ?? name, container: name, tensors: $0.tensors) }
    }

    /// A list of names, whole or in pieces.
    private static func names(_ attribute: String, of group: borrowing HDF5Object) throws(HDF5Problem) -> [String] {
        guard try !group.hasAttribute(attribute), try group.hasAttribute("\(attribute)0") else {
            return try group.strings(attribute)
        }
        var names: [String] = []
        for piece in 0..<pieceLimit where try group.hasAttribute("\(attribute)\(piece)") {
            names += try group.strings("\(attribute)\(piece)")
        }
        return names
    }
}

/// The weights as they go from one process to another: a safetensors file with the tensors LAYER.TENSOR, and names in
/// its metadata.
extension KerasWeights {
    private static let orderKey = "model_order"

    package func encoded() -> [UInt8] {
        var writer = SafetensorsWriter(metadata: [Self.orderKey: String(isInModelOrder)])
        for (layerIndex, layer) in layers.enumerated() {
            writer.metadata["name \(layerIndex)"] = layer.name
            writer.metadata["container \(layerIndex)"] = layer.container
            for (index, tensor) in layer.tensors.enumerated() {
                writer.metadata["path \(layerIndex).\(index)"] = tensor.path
                writer.add(name: "\(layerIndex).\(index)", shape: tensor.shape, tensor.values)
            }
        }
        return writer.serialized()
    }

    /// Nil for bytes that `encoded` does not write.
    package init?(encoded bytes: [UInt8]) {
        guard let file = try? Safetensors(bytes: bytes), let order = file.metadata[Self.orderKey] else { return nil }
        var layers: [Layer] = []
        while let name = file.metadata["name \(layers.count)"] {
            var layer = Layer(name: name, container: file.metadata["container \(layers.count)"] ?? "", tensors: [])
            while let path = file.metadata["path \(layers.count).\(layer.tensors.count)"] {
                let name = "\(layers.count).\(layer.tensors.count)"
                guard let tensor = file.tensor(named: name), let values = try? file.floats(named: name) else {
                    return nil
                }
                layer.tensors.append(Tensor(path: path, shape: tensor.shape, values: values))
            }
            layers.append(layer)
        }
        self.init(layers: layers, isInModelOrder: order == String(true))
    }
}
