/// Why a model cannot be built: which layer, and which shape is at fault.
public struct ModelError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The layer's number from 1, or nil when the fault is the model's as a whole.
    public var layerNumber: Int?
    /// The layer's kind as users write it: `Conv2D`, `MaxPool2D`, `Flatten` or `Dense`.
    public var layerKind: String?
    /// What is wrong, and what to do.
    public var message: String

    public init(layerNumber: Int? = nil, layerKind: String? = nil, message: String) {
        self.layerNumber = layerNumber
        self.layerKind = layerKind
        self.message = message
    }

    public var description: String {
        guard let layerNumber, let layerKind else { return "model: \(message)" }
        return "layer \(layerNumber) (\(layerKind)): \(message)"
    }
}
