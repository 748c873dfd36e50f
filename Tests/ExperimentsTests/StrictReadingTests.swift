import Core
import Glibc
import NeuralNetwork
import TestSupport
import Testing

@testable import Experiments

@Suite struct StrictReadingTests {
    private static let lines = [
        "name: toy",
        "data: {set: fashion-mnist, validation: {split: shuffled, fraction: 0.2}}",
        "model:",
        "  input: [4, 4, 1]",
        "  layers:",
        "    - conv2d: {filters: 2, kernel: [3, 3], activation: relu}",
        "    - max_pool2d",
        "    - flatten",
        "    - dense: {units: 10, activation: softmax}",
        "loss: sparse_categorical_crossentropy",
        "optimizer: {adam: {learning_rate: 0.001}}",
        "batch_size: 512",
        "epochs: 50",
    ]

    /// The toy experiment with one line, counted from 1, replaced.
    private static func yaml(_ line: Int = 1, _ text: String = "name: toy") -> String {
        var lines = lines
        lines[line - 1] = text
        return lines.joined(separator: "\n")
    }

    private static func error(_ yaml: String) -> ExperimentError? {
        do throws(ExperimentError) {
            _ = try Experiment(yaml: yaml, source: "toy.yaml")
            return nil
        } catch {
            return error
        }
    }

    private static func message(_ line: Int, _ text: String) -> String {
        error(yaml(line, text))?.description ?? "no error"
    }

    @Test func whatIsLeftOutHasItsDefault() throws {
        let experiment = try Experiment(yaml: Self.yaml(11, "optimizer: adam"), source: "toy.yaml")
        #expect(experiment.seed == 1)
        #expect(experiment.microBatchCount == 8)
        #expect(experiment.title.isEmpty)
        #expect(experiment.optimizer == OptimizerConfiguration(Adam()))
        #expect(
            experiment.model.layers.first
                == .convolution2D(
                    filters: 2, kernel: 3, padding: .valid, activation: .relu))
    }

    @Test func unknownKeysNameTheNearestAndTheLine() {
        #expect(
            Self.message(6, "    - conv2d: {filter: 2, kernel: [3, 3], activation: relu}")
                == "\"toy.yaml\", line 6: model.layers[0].conv2d: unknown key \"filter\"; did you mean \"filters\"?")
        #expect(
            Self.message(12, "batchsize: 512")
                == "\"toy.yaml\", line 12: unknown key \"batchsize\"; did you mean \"batch_size\"?")
        #expect(
            Self.message(12, "zzz: 1")
                == "\"toy.yaml\", line 12: unknown key \"zzz\"; known here: name, title, published, data, model, "
                + "initial_weights, loss, optimizer, schedule, clip_norm, early_stopping, batch_size, epochs, "
                + "micro_batches, seed")
        #expect(
            Self.message(9, "    - densee: {units: 10, activation: relu}").contains(
                "line 9: model.layers[3]: unknown key"))
        #expect(
            Self.message(8, "    - flaten").contains(
                "line 8: model.layers[2]: unknown value \"flaten\"; did you mean \"flatten\"?"))
        #expect(Self.message(11, "optimizer: adm").contains("did you mean \"adam\"?"))
        #expect(
            Self.message(10, "loss: mse").contains("line 10: loss: unknown value \"mse\"; known: sparse_categorical"))
        #expect(
            Self.message(2, "data: {set: fashion_mnist, validation: {split: shuffled, fraction: 0.2}}")
                .contains("data.set: unknown value \"fashion_mnist\"; did you mean \"fashion-mnist\"?"))
    }

    @Test func wrongTypesNameTheKeyAndTheLine() {
        #expect(
            Self.message(12, "batch_size: many")
                == "\"toy.yaml\", line 12: batch_size: expected a whole number, found \"many\"")
        #expect(Self.message(12, "batch_size: \"512\"").hasSuffix("expected a whole number, found the text \"512\""))
        for text in ["512.0", "5e2", "0x200", "[512]", "{}", "", "~", "true", "+5", "5 12", "٥"] {
            #expect(Self.message(12, "batch_size: \(text)").contains("line 12: batch_size: expected"), "\(text)")
        }
        for text in ["x", "nan", ".nan", ".inf", "inf", "0x1p3", "\"0.1\"", "[]", "", "1e", "--1"] {
            let message = Self.message(11, "optimizer: {adam: {learning_rate: \(text)}}")
            #expect(message.contains("optimizer.adam.learning_rate: expected a number"), "\(text)")
        }
        for text in ["5", "true", "~", "", "[]", "1e3"] {
            #expect(Self.message(1, "name: \(text)").contains("line 1: name: expected a name"), "\(text)")
        }
        #expect(Self.message(1, "name: 5").hasSuffix("(put it in quotes), found \"5\""))
        #expect(
            Self.message(2, "data: {set: fashion-mnist, validation: 0.2}").hasSuffix(
                "data.validation: expected none, or one of split, range, set and file, such as "
                    + "{split: shuffled, fraction: 0.2}, found \"0.2\""))
        #expect(
            Self.message(2, "data: {set: fashion-mnist, validation: {split: 0.2}}").hasSuffix(
                "data.validation.split: expected one of shuffled, last, found \"0.2\""))
        #expect(
            Self.message(4, "  input: [28]").contains("model.input: expected a list of height, width and channels"))
        #expect(Self.message(4, "  input: 28").contains("model.input: expected a list"))
        #expect(Self.message(11, "optimizer: [adam]").contains("optimizer: expected an optimizer, found a list"))
        #expect(Self.error("[]")?.description == "\"toy.yaml\", line 1: expected a mapping, found a list")
        #expect(Self.error("a")?.problem == .setting(.wrongType(expected: "a mapping", found: "\"a\"")))
        #expect(Self.message(7, "    - [max_pool2d]").contains("model.layers[1]: expected a layer, found a list"))
        #expect(Self.message(7, "    - {flatten: {}, max_pool2d: {}}").contains("expected one layer"))
        #expect(Self.error(Self.yaml(7, "    - {max_pool2d: {}}")) == nil)
        #expect(Self.message(12, "? [a]\n: 1").contains("expected a name before the colon"))
    }

    @Test func shortFormsReadAsTheirLongForms() throws {
        let long = try Experiment(yaml: Self.yaml(), source: "toy.yaml")
        for (line, text) in [
            (4, "  input: [4, 4]"), (6, "    - conv2d: {filters: 2, kernel: 3, activation: relu}"),
            (8, "    - flatten:"),
            (8, "    - flatten: {}"), (1, "\u{FEFF}name: toy"),
        ] {
            #expect(try Experiment(yaml: Self.yaml(line, text), source: "toy.yaml") == long, "\(text)")
        }
        #expect(Self.message(9, "    - dense:").contains("the key \"units\" is missing"))
    }

    @Test func settingsThatContradictEachOtherAreRefused() {
        let nesterov = Self.message(11, "optimizer: {sgd: {nesterov: true}}")
        #expect(nesterov.contains("line 11: optimizer.sgd.nesterov: there is no velocity"), "\(nesterov)")
        #expect(Self.error(Self.yaml(11, "optimizer: {sgd: {nesterov: true, momentum: 0.9}}")) == nil)
        let text = Self.yaml(2, "data: {set: fashion-mnist, validation: none}") + "\nearly_stopping: {patience: 3}"
        let stopping = Self.error(text)?.description ?? "no error"
        #expect(stopping.contains("line 14: early_stopping: there is nothing to monitor"), "\(stopping)")
    }

    @Test func missingKeysAreNamed() {
        for (line, key) in [
            (1, "name"), (2, "data"), (10, "loss"), (11, "optimizer"), (12, "batch_size"), (13, "epochs"),
        ] {
            #expect(Self.error(Self.yaml(line, ""))?.problem == .setting(.missingKey(key)))
        }
        #expect(
            Self.message(9, "    - dense: {units: 10}")
                == "\"toy.yaml\", line 9: model.layers[3].dense: the key \"activation\" is missing; add it")
        #expect(Self.message(9, "    - dense").contains("the key \"units\" is missing"))
    }

    @Test(
        arguments: [
            (12, "batch_size: 0"), (12, "batch_size: -1"), (12, "batch_size: 1048577"),
            (12, "batch_size: 99999999999999999999"), (13, "epochs: 0"), (13, "epochs: 100001"),
            (13, "epochs: 1\nmicro_batches: 3"), (13, "epochs: 1\nmicro_batches: 0"),
            (13, "epochs: 1\nmicro_batches: 2048"),
            (13, "epochs: 1\nseed: -1"), (13, "epochs: 1\nseed: 18446744073709551616"),
            (11, "optimizer: {adam: {learning_rate: 0}}"), (11, "optimizer: {adam: {learning_rate: -1.0}}"),
            (11, "optimizer: {adam: {learning_rate: 1e39}}"), (11, "optimizer: {adam: {beta_1: 1}}"),
            (11, "optimizer: {adam: {beta_2: -0.1}}"), (11, "optimizer: {adam: {epsilon: 0}}"),
            (2, "data: {set: fashion-mnist, validation: {split: shuffled, fraction: 0}}"),
            (2, "data: {set: fashion-mnist, validation: {split: shuffled, fraction: 1.0}}"),
            (4, "  input: [0, 28, 1]"), (4, "  input: [28, 65537, 1]"),
            (9, "    - dense: {units: 0, activation: relu}"),
            (6, "    - conv2d: {filters: 65537, kernel: [3, 3], activation: relu}"), (1, "name: a/b"), (1, "name: ..x"),
            (1, "name: é"), (5, "  layers: []\n  #"),
        ])
    func valuesBeyondTheirLimitsAreRefused(_ line: Int, _ text: String) throws {
        var yaml = Self.yaml(line, text)
        if line == 5 {
            yaml = Self.yaml(5, "  layers: []").split(separator: "\n").filter { !$0.hasPrefix("    -") }.joined(
                separator: "\n")
        }
        let error = try #require(Self.error(yaml))
        guard case .setting(.outOfRange) = error.problem else {
            Issue.record("\(error)")
            return
        }
        #expect(error.line != nil && !error.key.isEmpty)
    }

    @Test func duplicateKeysAreRefused() {
        let message = Self.message(13, "epochs: 50\nepochs: 51")
        #expect(message.contains("\"epochs\" occurs twice"))
        #expect(!message.contains("\n"))
    }

    @Test func anchorsAndAliasesAreRefused() {
        for text in [
            "name: &a toy", "name: *a", "name: {<<: *a}", "name: [&a x, *a]", "name: &a\n", "name: !!str &a toy",
        ] {
            #expect(Self.message(1, text).contains("line 1: is not a valid experiment: anchors and aliases"), "\(text)")
        }
        #expect(Self.error(Self.yaml(1, "# see *this* & that\nname: toy")) == nil)
        #expect(Self.error(Self.yaml(1, "name: toy\ntitle: R&D & 2 * 3")) == nil)
    }

    @Test func hostileTextsAreRefusedInBounds() {
        let depth = 500_000
        for text in [
            String(repeating: "[", count: depth), String(repeating: "{a: ", count: depth / 4),
            String(repeating: "- ", count: depth / 2),
            String(repeating: "? ", count: depth / 2), "\"", "'", "a: b: c", "\t", "%YAML 9.9\n---\n", "", "---\n---\n",
            "a: |",
            "\u{0}", "name: \u{FFFE}", String(repeating: "a: 1\n", count: 1000),
        ] {
            #expect(Self.error(text) != nil, "\(text.prefix(20))")
            #expect(Self.error(text)?.description.contains("\n") == false)
        }
        let long = String(repeating: "#", count: (1 << 20) + 1)
        #expect(Self.error(long)?.problem == .tooLarge(byteLimit: 1 << 20))
    }

    @Test func mutatedExperimentsAreReadOrRefused() throws {
        var generator = SeededGenerator(seed: 3)
        let original = Array(try Experiment.shipped(named: "A-1").canonicalForm.utf8)
        var refused = 0
        for _ in 0..<5000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[index] = Array("{}[]:-,\"'#&*!|>%@ \n\t0".utf8).randomElement(using: &generator) ?? 0
                case 1: bytes.remove(at: index)
                default: bytes.insert(UInt8.random(in: 32..<127, using: &generator), at: index)
                }
            }
            do throws(ExperimentError) {
                let experiment = try Experiment(yaml: String(decoding: bytes, as: UTF8.self), source: "mutant")
                #expect(try Experiment(yaml: experiment.canonicalForm, source: "again") == experiment)
            } catch {
                refused += 1
                #expect(!error.description.contains("\n"))
            }
        }
        #expect(refused > 1000)
    }

    @Test func filesAreReadOrTheirFailureNamed() throws {
        var template = Array("/tmp/selvedge-experiment-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        try #require(descriptor >= 0)
        let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer { unlink(path) }
        let text = Array(Self.yaml().utf8)
        #expect(write(descriptor, text, text.count) == text.count)
        close(descriptor)
        #expect(try Experiment.resolve(path).name == "toy")
        #expect(throws: ExperimentError(source: "no/such.yaml", problem: .unreadable("No such file or directory"))) {
            try Experiment.resolve("no/such.yaml")
        }
        #expect(throws: ExperimentError(source: "/", problem: .unreadable("Is a directory"))) {
            try Experiment.load(path: "/")
        }
        #expect(throws: ExperimentError(source: "/dev/zero", problem: .tooLarge(byteLimit: 1 << 20))) {
            try Experiment.load(path: "/dev/zero")
        }
    }

    @Test func flagsAreHeldToTheSameLimits() throws {
        let experiment = try Experiment.shipped(named: "A-1")
        let changed = try experiment.replacing(epochs: 2, batchSize: 3, microBatchCount: 4, seed: 5)
        #expect([changed.epochs, changed.batchSize, changed.microBatchCount] == [2, 3, 4])
        #expect(changed.seed == 5)
        #expect(try experiment.replacing() == experiment)
        #expect(throws: ExperimentError.self) { try experiment.replacing(epochs: 0) }
        #expect(throws: ExperimentError.self) { try experiment.replacing(batchSize: 0) }
        #expect(throws: ExperimentError.self) { try experiment.replacing(microBatchCount: 6) }
        #expect(
            throws: ExperimentError(
                source: "A-1", key: "epochs", problem: .setting(.outOfRange(expected: "1 to 100000", found: "-1")))
        ) { try experiment.replacing(epochs: -1) }
    }

    @Test func nearestNamesAreCloseOnes() {
        #expect(NearestName.distance("kitten", "sitting") == 3)
        #expect(NearestName.distance("ab", "ba") == 1)
        #expect(NearestName.distance("", "abc") == 3)
        #expect(NearestName.of("Epochs", among: ["seed", "epochs"]) == "epochs")
        #expect(NearestName.of("elephant", among: ["seed", "epochs"]) == nil)
    }
}
