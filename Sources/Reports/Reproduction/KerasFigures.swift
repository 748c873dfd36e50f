/// What Keras reaches today on the same files: Keras 3.15 on TensorFlow 2.21, its defaults, and for the experiments A
/// and B the loss of Keras 2 written out. The published figures are single runs of older versions.
struct KerasFigures: Equatable {
    var testAccuracy: Double
    /// Over seeds; nil for one.
    var deviation: Double?
    var seedCount: Int

    private init(_ testAccuracy: Double, _ deviation: Double?, _ seedCount: Int) {
        self.testAccuracy = testAccuracy
        self.deviation = deviation
        self.seedCount = seedCount
    }

    static let measured: [String: KerasFigures] = [
        "A-1": KerasFigures(0.9044, 0.0013, 2), "B-1": KerasFigures(0.9044, 0.0013, 2),
        "A-2": KerasFigures(0.9089, nil, 1), "A-3": KerasFigures(0.9119, nil, 1),
        "B-2": KerasFigures(0.9090, nil, 1), "B-3": KerasFigures(0.9168, nil, 1),
        "C-1": KerasFigures(0.8831, nil, 1), "C-2": KerasFigures(0.8809, nil, 1), "C-3": KerasFigures(0.8745, nil, 1),
        "C-4": KerasFigures(0.8748, nil, 1), "C-5": KerasFigures(0.8815, nil, 1),
        "D-1": KerasFigures(0.8570, 0.0130, 3), "D-2": KerasFigures(0.8583, 0.0045, 3),
        "D-3": KerasFigures(0.8453, 0.0086, 3), "D-4": KerasFigures(0.8473, 0.0060, 3),
        "D-5": KerasFigures(0.8567, 0.0185, 3), "D-6": KerasFigures(0.8298, 0.0340, 3),
        "D-7": KerasFigures(0.8700, 0.0085, 3), "D-8": KerasFigures(0.8832, 0.0095, 3),
        "D-baseline": KerasFigures(0.8300, 0.0098, 3), "D-low": KerasFigures(0.8163, 0.0295, 3),
        "E-1": KerasFigures(0.8682, 0.0049, 3), "E-2": KerasFigures(0.8677, 0.0014, 2),
        "E-3": KerasFigures(0.8721, 0.0009, 2),
    ]

    /// Such as "0.9044 ± 0.0013 (2)".
    var text: String {
        let spread = deviation.map { " ± \(FixedPoint.text($0, digits: 4))" } ?? ""
        return "\(FixedPoint.text(testAccuracy, digits: 4))\(spread) (\(seedCount))"
    }

    /// The lowest mean that is not below Keras's by more than two standard errors of the difference of the means. A
    /// deviation that one side cannot have, with one seed, is taken from the other; nil where neither has one.
    func lowestLevelMean(against ours: Sample) -> Double? {
        guard let ourDeviation = ours.deviation ?? deviation, let theirDeviation = deviation ?? ours.deviation,
            !ours.values.isEmpty
        else { return nil }
        let variance =
            ourDeviation * ourDeviation / Double(ours.values.count)
            + theirDeviation * theirDeviation / Double(seedCount)
        return testAccuracy - 2 * variance.squareRoot()
    }
}
