import Testing

@testable import Reports

@Suite struct TrainingHistoryTests {
    private func history(_ accuracies: [Double?]) -> TrainingHistory {
        TrainingHistory(
            epochs: accuracies.map {
                .init(
                    loss: 0.12345, accuracy: 0.95, validationLoss: $0.map { 1 - $0 }, validationAccuracy: $0)
            })
    }

    @Test func theFirstOfTheBestEpochsIsNamed() {
        let repeated = history([0.8, 0.91054, 0.91054, .nan, 0.9])
        #expect(repeated.highestValidationAccuracy == .init(epoch: 2, value: 0.91054))
        #expect(repeated.lowestValidationLoss?.epoch == 2)
        #expect(
            history([0.8, 0.91054, 0.9]).text == """
                highest validation accuracy: 0.9105 at epoch 2 of 3
                lowest validation loss: 0.0895 at epoch 2 of 3
                last epoch: validation accuracy 0.9000, validation loss 0.1000, training accuracy 0.9500, training loss 0.1235

                """)
    }

    @Test func runsWithoutANumberSaySo() {
        #expect(history([]).text == "no epoch was finished\n")
        #expect(history([.nan]).highestValidationAccuracy == nil)
        #expect(history([.nan]).text.hasPrefix("highest validation accuracy: none of 1 epoch has one\n"))
        #expect(history([.nan]).text.contains("validation accuracy not a number"))
    }

    @Test func withoutValidationOnlyTrainingIsTold() {
        #expect(!history([nil, nil]).hasValidation)
        #expect(history([nil, nil]).text == "last epoch: training accuracy 0.9500, training loss 0.1235\n")
    }
}
