import Experiments
import Testing

@testable import Reports

@Suite struct PublishedComparisonTests {
    private let history = TrainingHistory(MadeUpReport.rows)

    @Test(
        arguments: [
            ("validation_accuracy_epoch_1", 0.6), ("validation_accuracy", 0.8), ("last_validation_accuracy", 0.8),
            ("best_validation_accuracy", 0.85), ("best_validation_loss", 0.45), ("training_loss", 0.4),
            ("last_training_accuracy", 0.6), ("epoch_of_best_validation_accuracy", 2),
            ("epoch_of_lowest_validation_loss", 3),
        ])
    func ourValueOfAFigureIsFound(name: String, value: Double) throws {
        #expect(abs(try #require(history.value(ofFigure: name)) - value) < 1e-12)
    }

    @Test(arguments: [
        "validation_accuracy_epoch_4", "validation_accuracy_epoch_0", "validation_accuracy_epoch_x", "time",
    ])
    func whatIsNotMeasuredHasNoValue(name: String) {
        #expect(history.value(ofFigure: name) == nil)
    }

    @Test func epochsAreWholeNumbers() throws {
        let report = try MadeUpReport.make(
            published: [PublishedFigure(name: "epoch_of_lowest_validation_loss", value: .number(11))],
            isSynthetic: false)
        #expect(report.published.rows[0].cells == ["epoch of lowest validation loss", "11", "3", "−8"])
    }

    @Test func figuresInWordsAreNumbersToo() {
        #expect(PublishedFigure(name: "a", value: .text("about .88")).number == 0.88)
        #expect(PublishedFigure(name: "a", value: .text("4 s/epoch")).number == 4)
        #expect(PublishedFigure(name: "a", value: .text("none")).number == nil)
    }
}
