import Core
import Testing

@testable import Experiments

@Suite struct ExperimentOverrideTests {
    private static let text = """
        name: small
        data:
          set: fashion-mnist
          validation: none
        model:
          input: [28, 28, 1]
          layers:
            - conv2d: {filters: 4, kernel: [3, 3], activation: relu}
            - flatten
            - dense: {units: 10, activation: softmax}
        loss: categorical_crossentropy
        optimizer: adam
        batch_size: 64
        epochs: 2
        """

    private static func source(_ overrides: [String]) throws -> ExperimentSource {
        try ExperimentSource(
            text: text, name: "small.yaml", overrides: overrides.map { try ExperimentOverride($0) })
    }

    private static func message(_ overrides: String...) -> String {
        do {
            return try "\(source(overrides).experiment())"
        } catch {
            return "\(error)"
        }
    }

    @Test(arguments: [
        ("batch_size=32", "batch_size: 64", "batch_size: 32"),
        ("seed=7", "batch_size: 64", "batch_size: 64\nseed: 7"),
        ("model.layers[0].conv2d.filters=8", "filters: 4", "filters: 8"),
        ("model.layers[0].conv2d.kernel=[5, 5]", "[3, 3]", "[5, 5]"),
        ("model.layers[0].conv2d.kernel[1]=2", "[3, 3]", "[3, 2]"),
        ("model.layers[0].conv2d.padding=same", "filters: 4", "filters: 4, padding: same"),
        ("optimizer.adam.learning_rate=0.01", "optimizer: adam", "optimizer: {adam: {learning_rate: 0.01}}"),
        ("optimizer={sgd: {learning_rate: 0.1}}", "optimizer: adam", "optimizer: {sgd: {learning_rate: 0.1}}"),
        ("loss=mean_squared_error", "categorical_crossentropy", "mean_squared_error"),
        ("early_stopping.patience=3", "epochs: 2", "epochs: 2\nearly_stopping: {patience: 3}"),
        ("name=\"a=b\"", "name: small", "name: \"a=b\""),
    ])
    func `a value is replaced or added as if the text had it`(override: String, old: String, new: String) throws {
        let expected: String
        do {
            expected = "\(try Experiment(yaml: Self.text.replacing(old, with: new), source: "small.yaml"))"
        } catch {
            // Refused in the text, so refused as a flag.
            #expect(Self.message(override).hasPrefix("--set "))
            return
        }
        #expect(Self.message(override) == expected)
    }

    @Test func `the last of several overrides decides`() throws {
        #expect(try Self.source(["epochs=3", "epochs=4"]).experiment().epochs == 4)
    }

    @Test(arguments: [
        ("epochs", "KEY=VALUE"), ("=3", "KEY=VALUE"), ("a..b=3", "is not a key"), ("a[x]=3", "is not a key"),
        ("epochs=[", "cannot be read"), ("epochs=", "cannot be read"), ("epochs=&a 3", "anchors"),
        ("epochs=many", "epochs: expected a whole number"), ("batch_size=0", "batch_size: must be"),
        ("batchsize=3", "did you mean \"batch_size\""), ("model.layers[9].dense.units=3", "no element 9"),
        ("model.layers.dense.units=3", "the value there is a list"),
        ("optimizer.sgd.learning_rate=0.1", "the value there is \"adam\""),
        ("model.layers[0].conv2d.filter=3", "did you mean \"filters\""),
        ("optimizer.adam.learning_rate=fast", "learning_rate: expected a number"),
        ("optimizer={sgd: {learning_rat: 0.1}}", "did you mean \"learning_rate\""),
        (String(repeating: "a.", count: 32) + "a=1", "more than 32 parts"),
    ])
    func `what cannot be used is refused with the flag and the reason`(override: String, part: String) {
        let message = Self.message(override)
        #expect(message.hasPrefix("--set \(override): ") && message.contains(part), "\(message)")
        #expect(!message.contains("\n"))
    }

    @Test func `an error of the text keeps its file and line beside an override`() {
        func message(_ override: String) -> String {
            do {
                let text = Self.text.replacing("epochs: 2", with: "epochs: two")
                let source = try ExperimentSource(
                    text: text, name: "small.yaml", overrides: [ExperimentOverride(override)])
                return "\(try source.experiment())"
            } catch {
                return "\(error)"
            }
        }
        #expect(message("seed=3").hasPrefix("\"small.yaml\", line 14: epochs: "))
    }

    @Test func `every value has its source`() throws {
        let source = try Self.source(["optimizer.adam.learning_rate=0.01", "seed=5"])
        let experiment = try source.experiment().replacing(epochs: 3)
        let values = try ExperimentValues(of: experiment, from: source, flags: ["epochs": "--epochs"])
        func entry(_ key: String) -> [String] {
            values.entries.filter { $0.key == key }.flatMap { [$0.value, $0.source] }
        }
        #expect(entry("epochs") == ["3", "--epochs"])
        #expect(entry("seed") == ["5", "--set seed=5"])
        #expect(entry("optimizer.adam.learning_rate") == ["0.01", "--set optimizer.adam.learning_rate=0.01"])
        #expect(entry("optimizer.adam.beta_1") == ["0.9", "default"])
        #expect(entry("micro_batches") == ["8", "default"])
        #expect(entry("batch_size") == ["64", "small.yaml:13"])
        #expect(entry("model.layers[0].conv2d.kernel") == ["[3, 3]", "small.yaml:8"])
        #expect(entry("model.layers[1]").last == "small.yaml:9")
    }

    @Test func `the list has the keys of every kind`() {
        let keys = SettingsReference.keys.map { $0[0] }
        for key in [
            "batch_size", "data.set.csv.training", "model.layers[N].conv2d.filters", "model.layers[N].activation",
            "optimizer.adam.learning_rate", "early_stopping.patience", "data.augmentation.horizontal_flip", "clip_norm",
        ] { #expect(keys.contains(key), "\(key)") }
        #expect(Set(keys).count == keys.count)
    }
}
