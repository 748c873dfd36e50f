import TestSupport

@testable import NeuralNetwork

extension SeededGenerator {
    /// Parameters with biases that are not zero, and scales and variances that are positive; padding is zero.
    mutating func parameters(_ model: Model) -> [Float] {
        var arena = [Float](repeating: 0, count: model.arenaCount)
        for parameter in model.parameters {
            let shape = parameter.internalShape
            let inputs = shape.dropLast().reduce(1, *)
            let scale = shape.count == 1 ? Float(0.2) : (2 / Float(inputs)).squareRoot()
            var range = -scale...scale
            if parameter.initialization == .constant(1) { range = 0.5...1.5 }
            for index in parameter.arenaRange { arena[index] = Float.random(in: range, using: &self) }
        }
        return arena
    }
}
