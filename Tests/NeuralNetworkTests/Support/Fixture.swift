import Foundation
import Testing

@testable import NeuralNetwork

/// A safetensors file that scripts/make-fixtures wrote.
struct Fixture {
    private let tensors: [String: [Float]]
    let labels: [UInt8]

    init(_ name: String) throws {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: "safetensors"))
        let data = [UInt8](try Data(contentsOf: url))
        let headerCount = data[0..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        let header = try JSONSerialization.jsonObject(with: Data(data[8..<8 + headerCount]))
        var tensors: [String: [Float]] = [:]
        var labels: [UInt8] = []
        for (key, value) in try #require(header as? [String: [String: Any]]) where key != "__metadata__" {
            let offsets = try #require(value["data_offsets"] as? [Int])
            let bytes = Array(data[8 + headerCount + offsets[0]..<8 + headerCount + offsets[1]])
            if value["dtype"] as? String == "U8" {
                labels = bytes
            } else {
                tensors[key] = stride(from: 0, to: bytes.count, by: 4).map { offset in
                    Float(bitPattern: bytes[offset..<offset + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) })
                }
            }
        }
        self.tensors = tensors
        self.labels = labels
    }

    func values(_ name: String) throws -> [Float] {
        try #require(tensors[name])
    }

    func has(_ name: String) -> Bool { tensors[name] != nil }

    /// The tensor `group/NAME`, brought from torch's layout into the arena's.
    func values(_ group: String, of parameter: ParameterDescription) throws -> [Float] {
        let values = try values("\(group)/\(parameter.name)")
        try #require(values.count == parameter.count)
        var result = values
        result.withUnsafeMutableBufferPointer { target in
            values.withUnsafeBufferPointer { source in
                guard let target = target.baseAddress, let source = source.baseAddress else { return }
                parameter.fromTorch(source, target)
            }
        }
        return result
    }

    /// All tensors `group/NAME` as the model's arena.
    func arena(_ group: String, _ model: Model) throws -> [Float] {
        var arena = [Float](repeating: 0, count: model.arenaCount)
        for parameter in model.parameters {
            arena.replaceSubrange(parameter.arenaRange, with: try values(group, of: parameter))
        }
        return arena
    }
}

/// The largest difference, relative to the largest magnitude of the expected values.
func relativeDifference(_ actual: [Float], _ expected: [Float]) -> Float {
    precondition(actual.count == expected.count)
    let scale = expected.map(\.magnitude).max() ?? 1
    let differences = zip(actual, expected).map { ($0 - $1).magnitude }
    // A NaN anywhere must not vanish in a maximum.
    guard differences.allSatisfy(\.isFinite) else { return .infinity }
    return (differences.max() ?? 0) / max(scale, .leastNormalMagnitude)
}
