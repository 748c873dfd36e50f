import Core
import Foundation
import NeuralNetwork
import Runs
import TestSupport
import Testing

@testable import Reports

@Suite struct TensorBoardTests {
    private func bytes(_ hexadecimal: String) -> [UInt8] {
        let digits = Array(hexadecimal.filter { $0 != " " })
        return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
    }

    /// Records that TensorBoard's own writer gives.
    @Test func recordsAreThoseOfTheFormat() {
        #expect(TensorBoardEvent.maskedChecksum(of: Array("123456789".utf8)) == 0xC78A_B0E5)
        let version = TensorBoardEvent(wallTime: 1, step: 0, content: .fileVersion)
        #expect(
            version.record
                == bytes("1800000000000000 a37f4b22 09000000000000f03f1a0d627261696e2e4576656e743a32 86bf577a"))
        let loss = TensorBoardEvent(
            wallTime: 1, step: 7, content: .summary([TensorBoardValue(tag: "loss", content: .scalar(0.5))]))
        #expect(
            loss.record
                == bytes("1a00000000000000 129bd82d 09000000000000f03f10072a0d0a0b0a046c6f7373150000003f 862c9a2f"))
    }

    @Test func aHistogramCountsEachFiniteValueOnce() {
        let histogram = ValueHistogram([0, 1, 2, 2, .nan, .infinity, 10])
        #expect(histogram.count == 5 && histogram.minimum == 0 && histogram.maximum == 10)
        #expect(histogram.sum == 15 && histogram.sumOfSquares == 109)
        #expect(histogram.counts.reduce(0, +) == 5)
        #expect(histogram.limits.count == ValueHistogram.bucketCount)
        #expect(zip(histogram.limits, histogram.limits.dropFirst()).allSatisfy { $0 < $1 })
        #expect(abs((histogram.limits.last ?? 0) - 10) < 1e-9)
        let equal = ValueHistogram([3, 3])
        #expect(equal.counts.reduce(0, +) == 2 && equal.counts[0] == 2)
        #expect(ValueHistogram([.nan]).limits.isEmpty)
    }

    @Test func theGraphLeadsFromThePixelsThroughTheLayersToTheLoss() throws {
        let configuration = ModelConfiguration(
            inputShape: ImageShape(height: 28, width: 28, channels: 1),
            // Names that the graph has for other things.
            layers: [.flatten, .dense(name: "loss", units: 5), .dense(units: 10, activation: .softmax)])
        let model = try Model(configuration, loss: .categoricalCrossEntropy())
        let graph = ModelGraph(model)
        #expect(
            graph.nodes.map(\.name) == [
                "pixels", "flatten", "loss/weight", "loss/bias", "loss", "dense_1/weight", "dense_1/bias", "dense_1",
                "labels", "loss_",
            ], "\(graph.nodes.map(\.name))")
        #expect(graph.nodes[4].inputs == ["flatten", "loss/weight", "loss/bias"] && graph.nodes[4].shape == [-1, 5])
        #expect(graph.nodes[4].facts["settings"]?.contains("units: 5") == true)
        #expect(graph.nodes.last?.inputs == ["dense_1", "labels"])
        #expect(Set(graph.nodes.map(\.name)).count == graph.nodes.count)
    }

    @Test func aProcessThatGoesOnReplacesThePointsThatItWritesAgain() throws {
        let folder = try TemporaryFolder()
        let run = try RunDirectory.create(
            at: folder.path + "/run", experiment: "", digest: SHA256Digest(of: []))
        let row = EpochRow(
            epoch: 3, step: 60, loss: 0.5, accuracy: 0.75, validationLoss: 0.5, validationAccuracy: 0.5,
            learningRate: 0.001)
        var log = TensorBoardLog(
            run, TensorBoardLog.Contents(hasValidation: true, hasSteps: true), seconds: 1, host: "h", process: 1)
        for step in [50, 60] {
            log.add(
                [StepCurve.Point(step: step, loss: 0.5, accuracy: 1, learningRate: 1)], imagesPerSecond: nil, seconds: 2
            )
        }
        log.add(row, timing: nil, seconds: 3)
        #expect(log.failure == nil)
        // Another process may have written the same points: TensorBoard forgets them at the first one's step.
        for (name, step, seconds) in [
            ("steps", 50, 2.0), ("steps_validation", 60, 3), ("train", 2, 3), ("validation", 2, 3),
        ] {
            let path = "\(run.path)/tensorboard/\(name)/events.out.tfevents.0000000001.h.1.0"
            let bytes = Data(try FileOperations().read(path, byteLimit: 1 << 20))
            func place(_ content: TensorBoardEvent.Content, _ seconds: Double, _ step: Int) -> Int? {
                bytes.range(of: Data(TensorBoardEvent(wallTime: seconds, step: step, content: content).record))?
                    .lowerBound
            }
            let version = TensorBoardEvent(wallTime: 1, step: 0, content: .fileVersion).record
            #expect(place(.fileVersion, 1, 0) == 0 && place(.sessionStart, seconds, step) == version.count, "\(name)")
            #expect(place(.sessionStart, seconds, 60) == (step == 60 ? version.count : nil), "\(name)")
        }
    }

    @Test func withoutCurvesOverStepsThereAreNoFilesOfThem() throws {
        let folder = try TemporaryFolder()
        let run = try RunDirectory.create(
            at: folder.path + "/run", experiment: "", digest: SHA256Digest(of: []))
        var log = TensorBoardLog(
            run, TensorBoardLog.Contents(hasValidation: false, hasSteps: false), seconds: 4, host: "h", process: 1)
        log.add([StepCurve.Point(step: 50, loss: 0.5, accuracy: 1, learningRate: 1)], imagesPerSecond: 2, seconds: 4)
        #expect(!FileOperations().exists("\(run.path)/tensorboard/steps/events.out.tfevents.0000000004.h.1.0"))
    }
}
