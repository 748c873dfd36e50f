package import Core

/// The weights that a training begins with, where they are not drawn at random.
package struct InitialWeightsConfiguration: Sendable, Equatable {
    package enum Origin: Sendable, Equatable {
        /// A weights file: a checkpoint, a safetensors file or one of Keras's.
        case file(String)
        /// The result of the newest run of the experiment with this name.
        case run(String)
    }

    /// Layers that go by one name.
    package enum LayerGroup: String, Sendable, Equatable, CaseIterable {
        /// The convolutions of the `vgg16` layer group.
        case vgg16

        package var layerNames: [String] {
            switch self {
            case .vgg16: VGG16.names
            }
        }
    }

    /// Where the weights are taken from; nil once they are known by their digest.
    package var origin: Origin?
    /// The layers that the weights fill, the others keeping their random start; nil fills all.
    package var layers: LayerGroup?
    /// SHA-256 of the file. It is known before the first step of a training, and part of what decides its bits.
    package var digest: SHA256Digest?

    package init(origin: Origin? = nil, layers: LayerGroup? = nil, digest: SHA256Digest? = nil) {
        self.origin = origin
        self.layers = layers
        self.digest = digest
    }
}

extension Experiment {
    /// Whether this experiment, as it was run, is what `other` asks for: equal but for the weights it begins with, which are known
    /// by their digest here and may be known by their origin there.
    package func isRun(of other: Experiment) -> Bool {
        var resolved = other
        if other.initialWeights?.origin != nil, let digest = initialWeights?.digest {
            guard other.initialWeights?.digest ?? digest == digest else { return false }
            resolved.initialWeights?.origin = nil
            resolved.initialWeights?.digest = digest
        }
        return resolved.digest == self.digest
    }
}
