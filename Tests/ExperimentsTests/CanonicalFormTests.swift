import Datasets
import KernelInterface
import NeuralNetwork
import Testing

@testable import Experiments

@Suite struct CanonicalFormTests {
    @Test func theCanonicalFormIsThisText() throws {
        var experiment = try Experiment.shipped(named: "A-1")
        experiment.published = [
            PublishedFigure(name: "test_accuracy", value: .number(0.913)),
            PublishedFigure(name: "time", value: .text("4 s/epoch")),
        ]
        experiment.title = "A \"title\" & more"
        #expect(
            experiment.canonicalForm == #"""
                name: "A-1"
                title: "A \"title\" \u0026 more"
                published:
                  "test_accuracy": 0.913
                  "time": "4 s/epoch"
                data:
                  set: "fashion-mnist"
                  validation: {split: shuffled, fraction: 0.2}
                model:
                  input: [28, 28, 1]
                  layers:
                    - conv2d: {filters: 32, kernel: [3, 3], padding: valid, activation: relu}
                    - max_pool2d
                    - flatten
                    - dense: {units: 32, activation: relu}
                    - dense: {units: 10, activation: sigmoid}
                loss: sparse_categorical_crossentropy
                optimizer:
                  adam: {learning_rate: 0.001, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-07}
                batch_size: 512
                epochs: 50
                micro_batches: 8
                seed: 1

                """#)
    }

    @Test func everyShippedExperimentReadsBackEqual() throws {
        for name in Experiment.shippedNames {
            let experiment = try Experiment.shipped(named: name)
            let again = try Experiment(yaml: experiment.canonicalForm, source: "again")
            #expect(again == experiment)
            #expect(again.canonicalForm == experiment.canonicalForm)
        }
    }

    @Test func madeUpExperimentsReadBackEqual() throws {
        for seed in 0..<500 as Range<UInt64> {
            var experiment = MadeUp.experiment(seed: seed)
            // Refused when it is read: there would be nothing to monitor.
            if experiment.dataset.validation == .none { experiment.earlyStopping = nil }
            #expect(try Experiment(yaml: experiment.canonicalForm, source: "made up") == experiment, "seed \(seed)")
        }
    }

    @Test func theDigestChangesWithEverythingThatChangesBits() throws {
        let base = try Experiment.shipped(named: "A-1")
        var variants: [Experiment] = []
        func add(_ change: (inout Experiment) -> Void) {
            var variant = base
            change(&variant)
            variants.append(variant)
        }
        add { $0.name = "A-2" }
        add { $0.seed = 2 }
        add { $0.batchSize = 511 }
        add { $0.microBatchCount = 4 }
        add { $0.dataset.validation = .shuffled(fraction: 0.2.nextUp) }
        add { $0.dataset.validation = .last(fraction: 0.2) }
        add { $0.dataset.validation = .none }
        add { $0.dataset.validation = .testSet }
        add { $0.dataset.validation = .range(0..<12_000) }
        add { $0.dataset.trainingRange = 0..<60_000 }
        add { $0.dataset.test = .range(0..<10_000) }
        add { $0.dataset.source = SyntheticSource() }
        add { $0.dataset.augmentation = AugmentationConfiguration() }
        add { $0.dataset.augmentation = AugmentationConfiguration(rotationDegrees: 40) }
        add { $0.dataset.augmentation = AugmentationConfiguration(fill: .wrap) }
        add { $0.dataset.augmentation = AugmentationConfiguration(crop: .init(padding: 1)) }
        add { $0.dataset.augmentation = AugmentationConfiguration(erasing: .init()) }
        add { $0.model.layers.removeLast() }
        add { $0.model.inputShape.height = 27 }
        add { $0.optimizer = OptimizerConfiguration(Adam(learningRate: Float(0.001).nextUp)) }
        add { $0.optimizer = OptimizerConfiguration(Adam(epsilon: 1e-8)) }
        add { $0.optimizer = OptimizerConfiguration(Adam(weightDecay: 0.1)) }
        add { $0.optimizer = OptimizerConfiguration(Adam(convention: .torch)) }
        add { $0.optimizer = OptimizerConfiguration(SGD()) }
        add { $0.optimizer = OptimizerConfiguration(SGD(momentum: 0.5)) }
        add { $0.optimizer = OptimizerConfiguration(SGD(momentum: 0.5, isNesterov: true)) }
        add { $0.optimizer = OptimizerConfiguration(RMSprop()) }
        add { $0.optimizer = OptimizerConfiguration(RMSprop(rho: 0.8)) }
        add { $0.optimizer.clippingNorm = 1 }
        add { $0.optimizer.schedule = ExponentialSchedule(factor: 0.9) }
        add { $0.optimizer.schedule = CosineSchedule(warmUpEpochCount: 1, finalFactor: 0) }
        add { $0.optimizer.schedule = PlateauSchedule(factor: 0.5, patience: 2, minimumFactor: 0) }
        add { $0.earlyStopping = EarlyStopping(patience: 3) }
        add { $0.earlyStopping = EarlyStopping(patience: 3, restoresBestWeights: false) }
        add { $0.loss.loss = CategoricalCrossEntropy(isSparse: false) }
        add { $0.loss.loss = CategoricalCrossEntropy(isSparse: false, labelSmoothing: 0.1) }
        add { $0.model.layers.append(.dropout(rate: 0.25)) }
        add { $0.model.layers.append(.dropout(rate: Float(0.25).nextUp)) }
        add { $0.model.layers.append(.batchNormalization()) }
        add { $0.model.layers.append(.batchNormalization(isGhost: true)) }
        add { $0.model.layers.append(.activation(.tanh)) }
        #expect(Set(variants.map(\.digest) + [base.digest]).count == variants.count + 1)
    }

    @Test(
        arguments: [
            ("adamw", ", weight_decay: 0.004}", "adam"),
            ("{adam: {weight_decay: 0.1}}", ", weight_decay: 0.1}", "adam"),
            ("{adamw: {convention: torch}}", ", convention: torch}", "adamw"),
            ("{adamw: {weight_decay: 0, convention: torch}}", ", convention: torch}", "adam"),
            ("{adam: {weight_decay: 0.1, convention: torch}}", ", weight_decay: 0.1, convention: torch}", "adam"),
        ])
    func adamAndAdamWAreToldApartWhereTheyDiffer(_ text: String, _ ending: String, _ name: String) throws {
        let base = try Experiment.shipped(named: "A-1").canonicalForm
        let line = "adam: {learning_rate: 0.001, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-07}"
        let experiment = try Experiment(
            yaml: base.replacing("optimizer:\n  \(line)", with: "optimizer: \(text)"), source: "decay")
        let form = experiment.canonicalForm
        let moments = "learning_rate: 0.001, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-07"
        #expect(form.contains("  \(name): {\(moments)\(ending)\n"))
        #expect(try Experiment(yaml: form, source: "again") == experiment)
    }

    @Test func theDigestIgnoresEpochsTitleAndPublishedFigures() throws {
        let base = try Experiment.shipped(named: "A-1")
        var changed = base
        changed.epochs = 7
        changed.title = "another"
        changed.published = []
        #expect(changed.digest == base.digest)
        #expect(changed.canonicalForm != base.canonicalForm)
    }
}
