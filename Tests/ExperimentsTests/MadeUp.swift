import Core
import Datasets
import KernelInterface
import NeuralNetwork
import TestSupport

@testable import Experiments

/// Experiments drawn from a seed, with values at their limits.
enum MadeUp {
    static func experiment(seed: UInt64) -> Experiment {
        var generator = SeededGenerator(seed: seed)
        let texts = [
            "", "plain", "a: b # c", "\"\\\n\t\u{1}\u{7F}\u{85}\u{2028}", "*alias &anchor", "é😀", "null", "1e3", "'",
            "- x",
        ]
        let kind = ["sparse", "categorical", "binary", "squared"].randomElement(using: &generator)
        let smoothing: Float = Bool.random(using: &generator) ? 0 : Float.random(in: 0..<1, using: &generator)
        let loss: any Loss =
            switch kind {
            case "sparse": CategoricalCrossEntropy(labelSmoothing: smoothing)
            case "categorical": CategoricalCrossEntropy(isSparse: false, labelSmoothing: smoothing)
            case "binary": BinaryCrossEntropy(labelSmoothing: smoothing)
            default: MeanSquaredError(labelSmoothing: smoothing)
            }
        let layers = (0...Int.random(in: 0..<6, using: &generator)).map { _ in layer(&generator) }
        return Experiment(
            name: ["A-1", "on", "1", "x.y_z-0"].randomElement(using: &generator) ?? "x",
            title: texts.randomElement(using: &generator) ?? "",
            published: [
                PublishedFigure(
                    name: "no", value: .number(Double(bitPattern: generator.next() & 0x7FDF_FFFF_FFFF_FFFF))),
                PublishedFigure(name: "time", value: .text(texts.randomElement(using: &generator) ?? "")),
            ],
            dataset: data(&generator),
            model: ModelConfiguration(inputShape: ImageShape(height: 28, width: 1, channels: 3), layers: layers),
            loss: LossConfiguration(loss), optimizer: optimizer(&generator), earlyStopping: earlyStopping(&generator),
            batchSize: Int.random(in: 1...1_048_576, using: &generator),
            epochs: Int.random(in: 1...100_000, using: &generator),
            microBatchCount: 1 << Int.random(in: 0...6, using: &generator), seed: generator.next())
    }

    private static func layer(_ generator: inout SeededGenerator) -> LayerConfiguration {
        func number(_ limit: Int) -> Int { Int.random(in: 1...limit, using: &generator) }
        func share() -> Float { Float.random(in: 0..<1, using: &generator) }
        func penalty() -> Float { Bool.random(using: &generator) ? 0 : share() }
        func truth() -> Bool { Bool.random(using: &generator) }
        let activation: Activation =
            [.linear, .relu, .sigmoid, .softmax, .tanh].randomElement(using: &generator) ?? .relu
        let padding: Padding = truth() ? .valid : .same
        switch Int.random(in: 0..<10, using: &generator) {
        case 0:
            let isMaximum = truth()
            let window = Extent(height: number(3), width: number(3))
            let stride = truth() ? nil : Extent(height: number(3), width: number(3))
            return isMaximum
                ? .maxPool2D(window: window, stride: stride, padding: padding)
                : .averagePool2D(window: window, stride: stride, padding: padding)
        case 1: return .flatten
        case 2:
            return .dense(
                name: truth() ? nil : "on", units: number(1_048_576), activation: activation,
                regularization: Regularization(l1: penalty(), l2: penalty()), isTrainable: truth())
        case 3: return .dropout(rate: share())
        case 4:
            return .batchNormalization(
                momentum: share(), epsilon: share() + 1e-9, isGhost: truth(), isTrainable: truth())
        case 5: return .activation(activation)
        case 6: return .resize(Extent(height: number(64), width: number(64)))
        case 7: return .repeatChannels(count: number(5))
        case 8: return .globalAveragePool2D
        default:
            return .convolution2D(
                name: truth() ? nil : "block1_conv1", filters: number(65_536), kernel: Extent(height: 1024, width: 1),
                stride: truth() ? Extent(1) : Extent(height: number(4), width: number(4)), padding: padding,
                activation: activation, regularization: Regularization(l1: penalty(), l2: penalty()),
                isTrainable: truth())
        }
    }

    private static func method(_ generator: inout SeededGenerator) -> any OptimizerMethod {
        func share() -> Float { Float.random(in: 0..<1, using: &generator) }
        func positive() -> Float { Float(bitPattern: UInt32.random(in: 1..<0x7F80_0000, using: &generator)) }
        let convention: OptimizerConvention = Bool.random(using: &generator) ? .keras : .torch
        switch Int.random(in: 0..<3, using: &generator) {
        case 0:
            return SGD(
                learningRate: positive(), momentum: share(), isNesterov: Bool.random(using: &generator),
                convention: convention)
        case 1:
            return RMSprop(
                learningRate: positive(), rho: share(), momentum: share(), epsilon: positive(),
                convention: convention)
        default:
            return Adam(
                learningRate: positive(), beta1: share(), beta2: share(), epsilon: positive(),
                weightDecay: Bool.random(using: &generator) ? 0 : positive(), convention: convention)
        }
    }

    private static func optimizer(_ generator: inout SeededGenerator) -> OptimizerConfiguration {
        func factor() -> Float { Float.random(in: Float.leastNormalMagnitude...1, using: &generator) }
        let count = Int.random(in: 1...100_000, using: &generator)
        let schedules: [any LearningRateSchedule] = [
            ConstantSchedule(), StepSchedule(epochCount: count, factor: factor()),
            ExponentialSchedule(factor: factor()),
            CosineSchedule(warmUpEpochCount: count, finalFactor: factor()),
            PlateauSchedule(factor: factor(), patience: count, minimumFactor: factor()),
        ]
        return OptimizerConfiguration(
            method(&generator), schedule: schedules.randomElement(using: &generator) ?? ConstantSchedule(),
            clippingNorm: Bool.random(using: &generator) ? nil : factor())
    }

    private static func earlyStopping(_ generator: inout SeededGenerator) -> EarlyStopping? {
        guard Bool.random(using: &generator) else { return nil }
        return EarlyStopping(
            monitor: EarlyStopping.Monitor.allCases.randomElement(using: &generator) ?? .validationLoss,
            patience: Int.random(in: 1...1000, using: &generator),
            minimumChange: Float.random(in: 0...1, using: &generator),
            restoresBestWeights: Bool.random(using: &generator))
    }

    private static func data(_ generator: inout SeededGenerator) -> DatasetConfiguration {
        let names = ["a/b.csv", "T-shirt/top & more", "null", "1", "é😀 \"x\""]
        func name() -> String { names.randomElement(using: &generator) ?? "x" }
        func fraction() -> Double { Double.random(in: Double.leastNonzeroMagnitude..<1, using: &generator) }
        func range(from low: Int) -> Range<Int> {
            low..<Int.random(in: low + 1...Int(Int32.max), using: &generator)
        }
        let csv = CSVFiles(training: name(), test: name(), classNames: [names[0], names[1]])
        let sources: [any DataSource] = [
            FashionMNISTSource(), SyntheticSource(), csv,
            ImageFolders(key: "png_folders", training: name(), test: name(), classNames: ["1", "a b"]),
            IDXFiles(
                trainingImages: name(), trainingLabels: name(), testImages: name(), testLabels: name(),
                classNames: names),
        ]
        let source = sources.randomElement(using: &generator) ?? FashionMNISTSource()
        var validations: [ValidationConfiguration] = [
            .none, .shuffled(fraction: fraction()), .last(fraction: fraction()), .range(range(from: 100)), .testSet,
        ]
        if source.isEqual(to: csv) { validations.append(.file(name())) }
        return DatasetConfiguration(
            source: source, trainingRange: Bool.random(using: &generator) ? 0..<100 : nil,
            validation: validations.randomElement(using: &generator) ?? .none,
            test: Bool.random(using: &generator) ? .range(range(from: 7)) : .whole,
            augmentation: Bool.random(using: &generator) ? augmentation(&generator) : nil)
    }

    private static func augmentation(_ generator: inout SeededGenerator) -> AugmentationConfiguration {
        func number(_ range: ClosedRange<Double>) -> Double { Double.random(in: range, using: &generator) }
        return AugmentationConfiguration(
            rotationDegrees: number(0...180), widthShift: number(0...0.9), heightShift: number(0...0.9),
            shearDegrees: number(0...89), zoom: number(0.01...1)...number(1...100),
            flipsHorizontally: Bool.random(using: &generator), fill: AugmentationConfiguration.FillMode.wrap,
            crop: Bool.random(using: &generator) ? .init(padding: 4) : nil,
            erasing: Bool.random(using: &generator)
                ? .init(
                    probability: number(0...1), area: number(0...0.5)...number(0.5...1),
                    aspectRatio: number(0.01...1)...number(1...100), value: Float(number(0...1))) : nil)
    }
}
