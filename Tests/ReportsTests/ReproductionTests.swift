import Experiments
import Testing

@testable import Reports

@Suite struct ReproductionTests {
    private func row(
        _ name: String, published: Double?, ours: [Double], note: String? = nil
    ) -> ReproductionRow {
        var experiment = MadeUpReport.experiment(
            published: published.map { [PublishedFigure(name: "test_accuracy", value: .number($0))] } ?? [])
        experiment.name = name
        let trials = ours.enumerated().map { index, accuracy in
            ReproductionRow.Trial(
                seed: UInt64(index + 1), testAccuracy: accuracy, testLoss: 0.3,
                history: TrainingHistory(MadeUpReport.rows))
        }
        return ReproductionRow(experiment, trials: trials, note: note)
    }

    @Test func aSampleHasMeanAndDeviation() throws {
        let sample = Sample(values: [0.90, 0.91, 0.92])
        #expect(abs(try #require(sample.mean) - 0.91) < 1e-12)
        #expect(abs(try #require(sample.deviation) - 0.01) < 1e-12)
        #expect(sample.text == "0.9100 ± 0.0100 (3)")
        #expect(Sample(values: [0.9]).text == "0.9000 (1)")
        #expect(Sample(values: []).text == "–")
    }

    @Test(
        arguments: [
            ("X-1", 0.913, [0.908], "met"),
            ("X-1", 0.913, [0.9079], "not met: 0.0051 below the published figure, 0.005 are allowed"),
            ("D-final", 0.875, [0.865], "met"),
            ("D-final", 0.875, [0.8649], "not met: 0.0101 below the published figure, 0.01 are allowed"),
            ("D-9", 0.7825, [0.83], "met (within 0.05)"), ("D-9", 0.7825, [0.7325], "met (within 0.05)"),
            ("D-9", 0.7825, [0.85], "not met: 0.0675 apart, 0.05 are allowed"),
        ])
    func theVerdictFollowsTheTolerance(name: String, published: Double, ours: [Double], verdict: String) {
        let row = row(name, published: published, ours: ours)
        #expect(row.verdict == verdict)
        #expect(row.isMet == verdict.hasPrefix("met"))
    }

    @Test func whatIsLevelWithKerasIsMetToo() {
        // Keras: .9044 ± .0013 of two seeds.
        let level = row("A-1", published: 0.913, ours: [0.9030, 0.9040])
        #expect(level.verdict.hasPrefix("level with Keras today (0.9044 ± 0.0013 (2)); 0.0095 below"))
        #expect(level.isMet)
        let below = row("A-1", published: 0.913, ours: [0.8990, 0.9000])
        #expect(
            below.verdict
                == "not met: 0.0135 below the published figure and 0.0049 below Keras today (0.9044 ± 0.0013 (2))")
        // One seed on both sides has no deviation: Keras's own mean is the limit.
        #expect(row("A-2", published: 0.915, ours: [0.9088]).verdict.hasPrefix("not met"))
        #expect(row("A-2", published: 0.915, ours: [0.9089]).verdict.hasPrefix("level"))
    }

    @Test func missingTrainingsAreListedWithTheirReason() {
        #expect(row("D-vgg", published: 0.836, ours: [], note: "no weights").verdict == "no weights")
        #expect(row("A-1", published: 0.9, ours: []).verdict == "not trained yet")
        #expect(row("A-1", published: 0.9, ours: [0.91], note: "1 of 3 seeds").verdict == "met; 1 of 3 seeds")
        #expect(row("own", published: nil, ours: [0.91]).verdict == "nothing published")
    }

    @Test func validationIsTakenAtThePublishedEpoch() {
        let figures = [
            ("validation_accuracy_epoch_1", 0.5), ("validation_accuracy_epoch_2", 0.6),
            ("best_validation_accuracy", 0.9),
        ]
        let trial = ReproductionRow.Trial(
            seed: 1, testAccuracy: 0.9, testLoss: nil, history: TrainingHistory(MadeUpReport.rows))
        let row = ReproductionRow(
            MadeUpReport.experiment(published: figures.map { PublishedFigure(name: $0, value: .number($1)) }),
            trials: [trial], note: nil)
        #expect(row.publishedValidationAccuracy == 0.6 && row.validationAccuracy.values == [0.85])
        #expect(row.testLoss.values.isEmpty)
    }

    @Test func theThreeFormsTellTheSame() throws {
        let table = ReproductionTable(
            rows: [row("A-1", published: 0.9, ours: [0.91, 0.92], note: "a, \"b\" | c")], command: "selvedge reproduce")
        #expect(
            table.markdown.contains(
                "| A-1 (SYNTHETIC DATA) | 0.9000 | 0.9150 ± 0.0071 (2) | +0.0150 | – | 0.3000 ± 0.0000 (2) | – | 0.8000 ± 0.0000 (2) | met; a, \"b\" \\| c |\n"
            ))
        #expect(table.markdown.contains("**SYNTHETIC DATA"))
        let lines = table.csv.split(separator: "\n")
        try #require(lines.count == 2 && lines[0].hasPrefix("experiment,synthetic,seeds,published_test_accuracy,"))
        #expect(lines[1].hasPrefix("A-1,true,2,0.9,0.915,") && lines[1].hasSuffix(",true,\"met; a, \"\"b\"\" | c\""))
        #expect(table.html.contains("<td>0.9150 ± 0.0071 (2)</td>") && table.html.contains("class=\"warning\""))
    }
}
