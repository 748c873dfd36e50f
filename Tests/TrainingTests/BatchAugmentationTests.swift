import Datasets
import KernelInterface
import Kernels
import Testing

@testable import Training

@Suite("Varied training images")
struct BatchAugmentationTests {
    private static let everything = AugmentationConfiguration(
        rotationDegrees: 40, widthShift: 0.2, heightShift: 0.2, shearDegrees: 5, zoom: 0.8...1.2,
        flipsHorizontally: true, fill: .reflect, crop: .init(padding: 1), erasing: .init())

    @Test(
        "any number of workers, threads and instruction sets gives the same bytes", arguments: EqualBitsTests.Sizes.all)
    func equalBits(_ sizes: EqualBitsTests.Sizes) throws {
        let small = try SmallCase(
            training: sizes.training, validation: sizes.validation, batchSize: sizes.batchSize, epochs: 2,
            microBatches: sizes.microBatches, augmentation: Self.everything)
        let expected = try small.trainedAlone()
        #expect(try small.trainedAlone(threads: 3) == expected)
        for set in InstructionSet.supported { #expect(try small.trainedAlone(kernels: set.table) == expected) }
        for workers in [2, 3, 8] {
            for bytes in try small.trainedTogether(runs: small.runs(workers: workers), threads: 2) {
                #expect(bytes == expected)
            }
        }
    }

    @Test("training sees other images each epoch, validation and evaluation see them as they are")
    func trainingOnly() throws {
        let varied = try SmallCase(training: 60, validation: 20, batchSize: 20, augmentation: Self.everything)
        let plain = try SmallCase(training: 60, validation: 20, batchSize: 20)
        #expect(try varied.trainedAlone() != plain.trainedAlone())
        func evaluation(_ small: SmallCase) throws -> Evaluation {
            try Evaluator(
                experiment: small.experiment, model: small.model, dataset: small.data.dataset,
                kernels: SmallCase.widest, threadCount: 1
            ).evaluate(small.freshState())
        }
        #expect(try evaluation(varied).logits == evaluation(plain).logits)
    }

    @Test("the draws of a sample depend on step and place in the global batch, not on thread or share")
    func keys() throws {
        let small = try SmallCase(training: 9, validation: 1, batchSize: 8, augmentation: Self.everything)
        let augmentation = try #require(BatchAugmentation(small.experiment, threadCount: 2))
        func image(step: UInt32, position: UInt32, thread: Int) -> [Float] {
            var image = (0..<49).map { Float($0) / 49 }
            augmentation.apply(to: &image, step: step, position: position, thread: thread)
            return image
        }
        #expect(image(step: 4, position: 6, thread: 0) == image(step: 4, position: 6, thread: 1))
        #expect(image(step: 4, position: 6, thread: 0) != image(step: 5, position: 6, thread: 0))
        #expect(image(step: 4, position: 6, thread: 0) != image(step: 4, position: 7, thread: 0))
        #expect(
            BatchAugmentation(try SmallCase(training: 9, validation: 1, batchSize: 8).experiment, threadCount: 1) == nil
        )
    }
}
