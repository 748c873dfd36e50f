import Testing

@testable import Reports

@Suite struct ConfusionMatrixTests {
    @Test func rowsAreTrueClassesAndColumnsPredictedOnes() {
        let matrix = ConfusionMatrix(classNames: ["a", "b"], labels: [0, 0, 0, 1], predictions: [0, 1, 1, 1])
        #expect(matrix.counts == [[1, 2], [0, 1]])
        #expect(matrix.sampleCount == 4)
        #expect(matrix.correctCount == 2)
        #expect(matrix.misclassification == 0.5)
        #expect(ConfusionMatrix(classNames: ["a"]).misclassification == 0)
    }

    @Test func textIsATableWithTheTotal() {
        let matrix = ClassificationReportTests.matrix(
            ["T-shirt/top", "Bag", "Ankle boot"], [[8000, 1, 1], [2, 5, 3], [0, 0, 4]])
        #expect(
            matrix.text == """
                true \\ predicted  T-shirt/top  Bag  Ankle boot
                     T-shirt/top         8000    1           1
                             Bag            2    5           3
                      Ankle boot            0    0           4

                misclassified: 7 of 8016 (0.09 %)

                """)
    }
}
