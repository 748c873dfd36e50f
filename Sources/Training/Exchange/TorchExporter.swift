import Core
import Experiments
import NeuralNetwork
import Runs

/// PyTorch: a folder with the weights, `model.safetensors`, and a program `model.py` that builds the module and loads
/// them.
///
/// The module is an `nn.Sequential` whose layers have the names of the checkpoint, so that the weights are its
/// state_dict. Its outputs are logits; `OUTPUT` in the program is the last activation. The program needs torch and
/// nothing else.
package enum TorchExporter: Exporter {
    package static let name = "torch"
    package static let documentation =
        "A folder with a state_dict as model.safetensors and model.py, which builds an nn.Sequential and loads it."
    package static let suffix = "-torch"
    private static let weightsName = "model.safetensors"

    package static func content(of trained: TrainedModel) -> ExportedContent {
        .folder(["model.py": Array(program(trained).utf8), weightsName: SafetensorsExporter.bytes(of: trained)])
    }

    private static func program(_ trained: TrainedModel) -> String {
        let (modules, output) = trained.model.torchModules()
        var names = UniqueNames(taken: modules.compactMap { $0.layer })
        let entries = modules.map { layer, module in
            "            (\(JSONText.string(layer ?? names.next(module.stem))), \(module.expression)),"
        }
        var definitions: [String] = []
        for definition in modules.compactMap({ $0.module.definition }) where !definitions.contains(definition) {
            definitions.append(definition)
        }
        let input = trained.experiment.model.inputShape
        let classes = trained.classNames.map(JSONText.string).joined(separator: ", ")
        return """
            \"""A model that Selvedge trained, as a PyTorch module.

            Input: floats [N, \(input.channels), \(input.height), \(input.width)] from 0 to 1, as torchvision's ToTensor makes them of bytes.
            Output: logits [N, \(trained.model.classCount)]; OUTPUT is what the trained model applies to them.
            \"""

            import json
            from collections import OrderedDict
            from pathlib import Path

            import torch
            from torch import nn

            EXPERIMENT = \(JSONText.string(trained.experiment.name))
            CHECKPOINT_SHA256 = "\(trained.digest.hexadecimal)"
            CLASSES = [\(classes)]
            OUTPUT = \(output?.expression ?? "nn.Identity()")


            \(definitions.map { $0 + "\n\n\n" }.joined())def build():
                \"""The module with its initial weights.\"""
                return nn.Sequential(
                    OrderedDict(
                        [
            \(entries.map { "    " + $0 }.joined(separator: "\n"))
                        ]
                    )
                )


            def read_weights(path=Path(__file__).with_name("\(weightsName)")):
                \"""The state_dict in a safetensors file of 32-bit floats.\"""
                data = Path(path).read_bytes()
                start = 8 + int.from_bytes(data[:8], "little")
                tensors = {}
                for name, entry in json.loads(data[8:start]).items():
                    if name != "__metadata__":
                        begin, end = entry["data_offsets"]
                        values = bytearray(data[start + begin : start + end])
                        tensors[name] = torch.frombuffer(values, dtype=torch.float32).reshape(entry["shape"])
                return tensors


            def load(path=Path(__file__).with_name("\(weightsName)")):
                \"""The module with the trained weights, ready to evaluate.\"""
                model = build()
                model.load_state_dict(read_weights(path))
                return model.eval()


            if __name__ == "__main__":
                print(load())

            """
    }
}

/// Gives names that differ from all others: `relu`, `relu_2`, …
struct UniqueNames {
    private var taken: Set<String>

    init(taken: [String]) {
        self.taken = Set(taken)
    }

    mutating func next(_ stem: String) -> String {
        var (name, number) = (stem, 1)
        while !taken.insert(name).inserted {
            number += 1
            name = "\(stem)_\(number)"
        }
        return name
    }
}
