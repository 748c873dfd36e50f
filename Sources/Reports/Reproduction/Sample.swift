/// Repeated measurements of one figure.
struct Sample: Equatable {
    let values: [Double]

    /// Nil without values.
    var mean: Double? { values.isEmpty ? nil : values.reduce(0, +) / Double(values.count) }

    /// The standard deviation with n − 1 below the sum of squares; nil for fewer than two values.
    var deviation: Double? {
        guard values.count > 1, let mean else { return nil }
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (squares / Double(values.count - 1)).squareRoot()
    }

    /// Such as "0.9044 ± 0.0013 (3)"; one value has no deviation.
    var text: String {
        guard let mean else { return "–" }
        let spread = deviation.map { " ± \(FixedPoint.text($0, digits: 4))" } ?? ""
        return "\(TrainingHistory.figure(mean))\(spread) (\(values.count))"
    }
}
