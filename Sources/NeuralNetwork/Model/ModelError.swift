/// Why a model cannot be built: which layer, and which shape is at fault.
package struct ModelError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The layer's number from 1, or nil when the fault is the model's as a whole.
    package var layerNumber: Int?
    /// The layer's kind as users write it: `Conv2D`, `MaxPool2D`, `Flatten` or `Dense`.
    package var layerKind: String?
    /// What is wrong, and what to do.
    package var message: String

    package init(layerNumber: Int? = nil, layerKind: String? = nil, message: String) {
        self.layerNumber = layerNumber
        self.layerKind = layerKind
        self.message = message
    }

    package var description: String {
        guard let layerNumber, let layerKind else { return "model: \(message)" }
        return "layer \(layerNumber) (\(layerKind)): \(message)"
    }
}
