import Datasets
import Experiments
import Foundation
import Runs
import Testing
import Training

@testable import Reports

@Suite struct RunReportTests {
    @Test func allPicturesAreDrawnAndSayThatTheDataAreSynthetic() throws {
        let pictures = try MadeUpReport.make().pictures()
        #expect(
            pictures.map(\.name) == [
                "curves", "confusion-counts", "confusion-shares", "predictions", "mistakes", "class-balance", "samples",
            ])
        for picture in pictures {
            let pixels = try DrawnPixels(png: picture.png)
            // The banner: nearly the whole width, 34 pixels of the layout high.
            #expect(pixels.count(.mistake) > pixels.width * 50, "\(picture.name)")
        }
    }

    @Test func withoutEpochsThereAreNoCurves() throws {
        let report = try MadeUpReport.make(rows: [])
        #expect(try report.pictures().allSatisfy { $0.name != "curves" })
        #expect(!report.text.contains("epoch"))
    }

    @Test func theMostConfidentMistakesComeFirst() throws {
        let report = try MadeUpReport.make()
        let mistakes = SamplePictures.mostConfidentMistakes(report.evaluation)
        #expect(mistakes == Array(stride(from: 39, through: 1, by: -2)))
    }

    @Test func mistakesAreFramedInRed() throws {
        let dataset = try MadeUpReport.make().evaluated
        let source = PictureSource(text: "", warning: nil)
        var evaluation = MadeUpReport.evaluation(of: dataset)
        func red() throws -> Int {
            try DrawnPixels(
                png: SamplePictures(
                    dataset: dataset, evaluation: evaluation, classNames: dataset.classNames,
                    references: SampleReferences("test")
                ).predictions(source: source).png
            ).count(.mistake)
        }
        let before = try red()
        evaluation.predictions = evaluation.labels
        #expect(try before > 10_000 && red() == 0)
    }

    @Test func thePageHoldsEverythingItself() throws {
        let report = try MadeUpReport.make(
            published: [PublishedFigure(name: "test_accuracy", value: .number(0.9))], isSynthetic: false)
        // Short stand-ins: their text is not searched.
        let pictures = try report.pictures().map { picture in
            var picture = picture
            picture.png = [1, 2, 3]
            return picture
        }
        let page = report.html(pictures: pictures)
        #expect(page.components(separatedBy: "src=\"data:image/png;base64,AQID\"").count == 7)
        // Three charts, whose points show their values.
        #expect(page.components(separatedBy: "<svg").count == 4)
        #expect(page.contains("<title>validation, epoch 2: 0.85000</title>"))
        #expect(
            !page.contains("http") && !page.contains("url(") && !page.contains("<script") && !page.contains("<link"))
        #expect(try MadeUpReport.make().html(pictures: []).contains("<p class=\"warning\">SYNTHETIC DATA"))
        #expect(page.contains("Title with &lt;tags&gt; &amp; &quot;quotes&quot;") && !page.contains("<tags>"))
        for text in [
            "20 of 40 (50.00 %)", "0.8500 at epoch 2", "0.4500 at epoch 3",
            "<td>0.9</td><td>0.5000</td><td>−0.4000</td>",
            "weighted avg", "Total params: 7,850", "micro_batches: 8",
        ] {
            #expect(page.contains(text), "\(text)")
        }
    }

    @Test func thePageTellsTheTrainingsTimeSpeedAndWorkers() throws {
        let lines = [(1, 2.5, 1000.0, 2), (2, 2, 1250, 2), (3, 5, 500, 1)].map {
            #"{"epoch":\#($0),"generation":1,"images_per_second":\#($2),"seconds":\#($1),"workers":\#($3)}"# + "\n"
        }
        let timing = try RunTiming(jsonLines: Array(lines.joined().utf8))
        let page = try MadeUpReport.make(
            timing: timing, origin: RunReport.Origin(trainedUntil: "2026-11-29T08:00:00Z", version: "1.2")
        ).html(pictures: [])
        for text in [
            "<td>9.5 s, 789 images/s</td>", "<td>workers at the end of an epoch</td><td>1 to 2</td>",
            "<p>Trained until 2026-11-29 08:00:00 UTC; report by selvedge 1.2</p>",
            "<figcaption>Images a second</figcaption>",
            "<title>of all workers, epoch 2: 1,250</title>",
        ] {
            #expect(page.contains(text), "\(text)")
        }
    }

    @Test func smallLearningRatesAreShownAtTheirPoints() throws {
        let rows = [1e-6, 2e-7].enumerated().map { index, rate in
            EpochRow(
                epoch: index + 1, step: (index + 1) * 10, loss: 0.5, accuracy: 0.5, validationLoss: nil,
                validationAccuracy: nil, learningRate: Float(rate))
        }
        let page = try MadeUpReport.make(rows: rows).html(pictures: [])
        #expect(page.contains("<title>of the last step, epoch 1: 1e-06</title>"))
        #expect(page.contains("<title>of the last step, epoch 2: 2e-07</title>"))
    }

    @Test func theTextHasHistoryPublishedFiguresAndTheClassificationReport() throws {
        let text = try MadeUpReport.make(
            published: [PublishedFigure(name: "validation_accuracy_epoch_2", value: .number(0.8))], isSynthetic: false
        ).text
        #expect(
            text.hasPrefix(
                """
                made-up, seed 1, data: synthetic

                highest validation accuracy: 0.8500 at epoch 2 of 3
                lowest validation loss: 0.4500 at epoch 3 of 3
                last epoch: validation accuracy 0.8000, validation loss 0.4500, training accuracy 0.6000, training loss 0.4000

                                             published    ours  difference
                validation accuracy epoch 2        0.8  0.8500     +0.0500

                40 images: accuracy 0.5000, loss 0.2500, misclassified 0.5000

                              precision    recall  f1-score   support


                """))
    }

    @Test func theJSONKeepsItsKeys() throws {
        let json = try MadeUpReport.make().json
        for part in [
            "{\"experiment\":\"made-up\",", "\"seed\":1,",
            "\"data\":\"synthetic\",\"split\":\"test\",\"weights\":null,\"synthetic\":true,",
            "\"parameters\":7850,", "\"epochs\":[{\"epoch\":1,",
            "\"highest_validation_accuracy\":{\"epoch\":2,\"value\":0.85}",
            "\"test\":{\"samples\":40,\"accuracy\":0.5,\"loss\":0.25,\"misclassification\":0.5,\"classification_report\":{",
            "\"confusion_matrix\":[[",
        ] {
            #expect(json.contains(part), "\(part)")
        }
    }
}

@Suite struct ReportProvenanceTests {
    @Test func theWeightsAreNamedInTextAndJSON() throws {
        let report = try MadeUpReport.make(weights: EvaluatedWeights(epoch: 2, role: .best))
        #expect(report.text.hasPrefix("made-up, seed 1, data: synthetic, weights of epoch 2 (best)\n"))
        #expect(report.json.contains("\"weights\":{\"epoch\":2,\"step\":0,\"checkpoint\":\"best\"}"))
        #expect(EvaluatedWeights(epoch: 2, step: 7, role: nil).text == "weights after step 7 of epoch 3")
        #expect(EvaluatedWeights(epoch: 0, role: .last).text == "first weights (last)")
    }

    @Test func predictionsCarryTheNamesBySelvedgePredict() {
        #expect(SampleReferences("test").name(17) == "test:17")
        #expect(SampleReferences("train", indices: [5, 9]).name(1) == "train:9")
    }

    @Test func publishedFiguresOfFewerEpochsAreMarked() throws {
        let figures = [PublishedFigure(name: "validation_accuracy", value: .number(0.8))]
        func note(_ published: Int) throws -> String? {
            let report = try MadeUpReport.make()
            return PublishedComparison(
                figures, history: report.history, evaluation: report.evaluation, publishedEpochs: published
            ).note
        }
        #expect(try note(3) == nil)
        #expect(try note(20) == "unfinished: 3 of the 20 published epochs")
    }

    @Test func theRowTimeIsFilled() throws {
        let line = #"{"epoch":1,"generation":1,"images_per_second":100,"seconds":2.5,"workers":2}"#
        let report = try MadeUpReport.make()
        let rows = PublishedComparison(
            [PublishedFigure(name: "time", value: .text("4 s/epoch"))], history: report.history,
            evaluation: report.evaluation, timing: try RunTiming(jsonLines: Array((line + "\n").utf8))
        ).rows
        #expect(rows.map(\.cells) == [["time", "4 s/epoch", "2.50 s/epoch", "–"]])
    }

    @Test func publishedFiguresAreNotComparedWithMadeUpImages() throws {
        let report = try MadeUpReport.make(published: [PublishedFigure(name: "test_accuracy", value: .number(0.9))])
        #expect(report.isSynthetic && report.published.rows.isEmpty)
    }
}

@Suite struct ManyClassTests {
    @Test func outputsWithoutAClassGetNames() {
        #expect(ConfusionMatrix.names(["a", "b"], outputCount: 4) == ["a", "b", "class 2", "class 3"])
        #expect(ConfusionMatrix.names(["a", "b"], outputCount: 2) == ["a", "b"])
    }

    @Test(arguments: [1, 2, 256])
    func matricesOfAnySizeAreDrawn(classCount: Int) throws {
        let names = (0..<classCount).map { "a rather long name of class \($0)" }
        var matrix = ConfusionMatrix(classNames: names)
        for index in 0..<classCount { matrix.record(label: index, prediction: index / 2) }
        let source = PictureSource(text: "", warning: nil)
        let picture = try ConfusionPicture.draw(matrix, .shares, source: source)
        #expect(picture.png.count > 1000)
        var balance = ClassBalance(classNames: names)
        balance.add("training", labels: (0..<classCount).map { UInt8($0) })
        #expect(try ClassBalancePicture.draw(balance, source: source).png.count > 1000)
    }

    @Test func emptyMatricesAreDrawn() throws {
        let source = PictureSource(text: "", warning: nil)
        let matrix = ConfusionMatrix(classNames: ["a", "b"])
        #expect(try ConfusionPicture.draw(matrix, .counts, source: source).png.count > 1000)
        #expect(try ConfusionPicture.draw(matrix, .shares, source: source).png.count > 1000)
    }
}
