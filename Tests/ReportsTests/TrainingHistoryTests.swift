import Testing

@testable import Reports

@Suite struct TrainingHistoryTests {
    private func history(_ accuracies: [Double]) -> TrainingHistory {
        TrainingHistory(
            epochs: accuracies.map {
                .init(loss: 0.12345, accuracy: 0.95, validationLoss: 0.25, validationAccuracy: $0)
            })
    }

    @Test func theFirstOfTheBestEpochsIsNamed() {
        #expect(history([0.8, 0.91054, 0.91054, .nan, 0.9]).bestEpoch == 2)
        #expect(
            history([0.8, 0.91054, 0.9]).text == """
                best validation accuracy: 0.9105 at epoch 2 of 3
                last epoch: validation accuracy 0.9000, validation loss 0.2500, training accuracy 0.9500, training loss 0.1235

                """)
    }

    @Test func runsWithoutANumberSaySo() {
        #expect(history([]).text == "no epoch was finished\n")
        #expect(history([.nan]).bestEpoch == nil)
        #expect(history([.nan]).text.hasPrefix("best validation accuracy: none of 1 epochs has one\n"))
        #expect(history([.nan]).text.contains("validation accuracy not a number"))
    }
}
