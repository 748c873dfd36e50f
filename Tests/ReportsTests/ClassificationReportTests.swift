import Testing

@testable import Reports

@Suite struct ClassificationReportTests {
    static let names = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ]

    static let counts = [
        [82, 1, 4, 2, 3, 3, 2, 0, 1, 0], [2, 101, 3, 2, 0, 3, 1, 0, 2, 2], [0, 2, 83, 4, 1, 2, 1, 6, 2, 2],
        [0, 1, 0, 74, 4, 4, 3, 5, 1, 2], [2, 2, 1, 0, 87, 2, 3, 0, 1, 5], [0, 1, 3, 2, 1, 77, 4, 3, 0, 4],
        [2, 0, 4, 4, 0, 0, 90, 0, 4, 3], [2, 1, 1, 3, 1, 1, 1, 86, 0, 1], [2, 0, 2, 2, 1, 3, 3, 3, 80, 1],
        [0, 0, 1, 1, 2, 1, 0, 0, 0, 82],
    ]

    static func matrix(_ names: [String], _ counts: [[Int]]) -> ConfusionMatrix {
        var labels: [UInt8] = []
        var predictions: [UInt8] = []
        for (label, row) in counts.enumerated() {
            for (prediction, count) in row.enumerated() {
                labels += [UInt8](repeating: UInt8(label), count: count)
                predictions += [UInt8](repeating: UInt8(prediction), count: count)
            }
        }
        return ConfusionMatrix(classNames: names, labels: labels, predictions: predictions)
    }

    @Test func textIsThatOfScikitLearn() {
        let report = ClassificationReport(Self.matrix(Self.names, Self.counts))
        #expect(
            report.text() == """
                              precision    recall  f1-score   support

                 T-shirt/top       0.89      0.84      0.86        98
                     Trouser       0.93      0.87      0.90       116
                    Pullover       0.81      0.81      0.81       103
                       Dress       0.79      0.79      0.79        94
                        Coat       0.87      0.84      0.86       103
                      Sandal       0.80      0.81      0.81        95
                       Shirt       0.83      0.84      0.84       107
                     Sneaker       0.83      0.89      0.86        97
                         Bag       0.88      0.82      0.85        97
                  Ankle boot       0.80      0.94      0.87        87

                    accuracy                           0.84       997
                   macro avg       0.84      0.85      0.84       997
                weighted avg       0.85      0.84      0.84       997

                """)
    }

    @Test func averagesAreThoseOfScikitLearn() {
        let report = ClassificationReport(Self.matrix(Self.names, Self.counts))
        func near(_ left: Double, _ right: Double) -> Bool { abs(left - right) < 1e-14 }
        #expect(near(report.accuracy, 0.8445336008024072))
        #expect(near(report.macroAverage.precision, 0.8442279955888191))
        #expect(near(report.macroAverage.recall, 0.8450660581430686))
        #expect(near(report.macroAverage.f1Score, 0.8437349392122415))
        #expect(near(report.weightedAverage.precision, 0.8463676694584207))
        #expect(near(report.weightedAverage.recall, 0.8445336008024072))
        #expect(near(report.weightedAverage.f1Score, 0.8445995959979272))
    }

    @Test func aClassWithoutSamplesCountsAsZero() {
        let matrix = Self.matrix(["T-shirt/top", "Bag", "Ankle boot"], [[8, 1, 1], [2, 5, 3], [0, 0, 0]])
        #expect(
            ClassificationReport(matrix).text() == """
                              precision    recall  f1-score   support

                 T-shirt/top       0.80      0.80      0.80        10
                         Bag       0.83      0.50      0.62        10
                  Ankle boot       0.00      0.00      0.00         0

                    accuracy                           0.65        20
                   macro avg       0.54      0.43      0.48        20
                weighted avg       0.82      0.65      0.71        20

                """)
    }

    @Test func longNamesWidenTheFirstColumnAndDigitsAreChosen() {
        let report = ClassificationReport(Self.matrix(["a name of 20 letters", "b"], [[1, 1], [0, 1]]))
        let lines = report.text(digits: 3).split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[0] == "                      precision    recall  f1-score   support")
        #expect(lines[2] == "a name of 20 letters      1.000     0.500     0.667         2")
        #expect(lines[3] == "                   b      0.500     1.000     0.667         1")
    }

    @Test func jsonIsDeterministicAndInClassOrder() {
        let report = ClassificationReport(Self.matrix(["b\"", "a"], [[1, 1], [0, 2]]))
        #expect(
            report.json == #"{"b\"":{"precision":1.0,"recall":0.5,"f1-score":0.6666666666666666,"support":2},"#
                + #""a":{"precision":0.6666666666666666,"recall":1.0,"f1-score":0.8,"support":2},"accuracy":0.75,"#
                + #""macro avg":{"precision":0.8333333333333333,"recall":0.75,"f1-score":0.7333333333333334,"support":4},"#
                + #""weighted avg":{"precision":0.8333333333333333,"recall":0.75,"f1-score":0.7333333333333334,"#
                + #""support":4}}"#)
    }

    @Test func anEmptyMatrixHasNoNumbersThatAreNone() {
        let report = ClassificationReport(ConfusionMatrix(classNames: ["a", "b"]))
        #expect(!report.json.contains("nan"))
        #expect(report.accuracy == 0)
    }
}
