import NeuralNetwork
import Runs

/// NumPy's archive of arrays with the same names and layouts; `numpy.load` reads it.
package enum NPZExporter: Exporter {
    package static let name = "npz"
    package static let documentation = "NumPy arrays of the weights in one .npz, under torch's names and layouts."
    package static let suffix = ".npz"

    package static func content(of trained: TrainedModel) throws -> ExportedContent {
        var archive = ZIPArchive()
        for parameter in trained.model.parameters {
            let array = NumPyArray.serialized(shape: parameter.torchShape, trained.values(parameter))
            try archive.add("\(parameter.name).npy", array)
        }
        return .file(archive.serialized())
    }
}
