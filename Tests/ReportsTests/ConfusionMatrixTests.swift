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

@Suite struct NarrowConfusionMatrixTests {
    private let matrix = ClassificationReportTests.matrix(
        ["T-shirt/top", "Bag", "Ankle boot"], [[8000, 1, 1], [2, 5, 3], [0, 0, 4]])

    @Test(arguments: [20, 30, 43, 60])
    func everyLineFitsTheTerminal(columns: Int) {
        let lines = matrix.text(columns: columns).split(separator: "\n").dropLast()
        #expect(lines.allSatisfy { $0.unicodeScalars.count <= max(columns, 20) || $0.hasPrefix("most frequent") })
    }

    @Test func classesGetNumbersWhereTheirNamesDoNotFit() {
        #expect(
            matrix.text(columns: 40).hasPrefix(
                """
                true \\ predicted     0  1  2
                   T-shirt/top 0  8000  1  1
                """))
    }

    @Test func wideCharactersTakeTwoColumns() {
        #expect(["靴", "한글", "e\u{301}", "👟", "Bag"].map(TextLayout.width) == [2, 4, 1, 2, 3])
        #expect(TextLayout.cut("長い名前", 6) == "長い…")
        let text = ClassificationReportTests.matrix(["ブーツ", "Bag"], [[8, 1], [2, 5]]).text
        #expect(
            text.hasPrefix(
                """
                true \\ predicted  ブーツ  Bag
                          ブーツ       8    1
                             Bag       2    5
                """))
    }

    @Test func theLargestConfusionsAreListedWhereNoTableFits() {
        let text = matrix.text(columns: 20)
        #expect(text.contains("3  Bag → Ankle boot\n2  Bag → T-shirt/top\n"), "\(text)")
    }
}
