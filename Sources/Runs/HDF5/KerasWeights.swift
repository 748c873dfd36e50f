internal import CHDF5

/// The weights in a Keras file, layer by layer: those that have any, in the order of the file.
///
/// Two forms are read: the older .h5 of `model.save` and `save_weights`, and Keras 3's `.weights.h5`. Nothing but names and
/// numbers is taken from the file.
package struct KerasWeights: Sendable, Equatable {
    /// The longest file that is read, in bytes.
    package static let byteLimit = 4 << 30

    package struct Layer: Sendable, Equatable {
        /// The layer's own name.
        package var name: String
        /// The model inside the model that holds it; empty for the outermost.
        package var container: String
        /// In Keras's order: kernel, bias; or gamma, beta, moving mean, moving variance.
        package var tensors: [Tensor]
    }

    package struct Tensor: Sendable, Equatable {
        /// Where it lies in the file.
        package var path: String
        /// Row-major: `[height, width, inputs, outputs]` of a convolution, `[inputs, outputs]` of a dense layer.
        package var shape: [Int]
        package var values: [Float]
    }

    package var layers: [Layer]
    /// Whether the order of the layers is the model's. Keras 3's form keeps it only among layers of one class.
    package var isInModelOrder: Bool

    /// Whether bytes begin as an HDF5 file without a user block does.
    package static func isHDF5(_ bytes: [UInt8]) -> Bool {
        bytes.starts(with: [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A])
    }

    /// Reads a whole file that is in memory; `file` names it in messages.
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

    /// The file in memory as the library sees it: no file of the system is opened.
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
