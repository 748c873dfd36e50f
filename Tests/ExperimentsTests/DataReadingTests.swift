import Datasets
import Testing

@testable import Experiments

/// The data's part of an experiment, as it is written in a file.
@Suite struct DataReadingTests {
    private static func experiment(_ data: String) throws(ExperimentError) -> Experiment {
        let model = "model: {input: [28, 28, 1], layers: [flatten, {dense: {units: 10, activation: softmax}}]}"
        let rest = "loss: sparse_categorical_crossentropy\noptimizer: adam\nbatch_size: 8\nepochs: 1\n"
        return try Experiment(yaml: "name: toy\ndata: \(data)\n\(model)\n\(rest)", source: "toy.yaml")
    }

    private static func message(_ data: String) -> String {
        do throws(ExperimentError) {
            return "read as \(try experiment(data).dataset)"
        } catch {
            return error.description
        }
    }

    @Test func theSplitsOfTheWriteUps() throws {
        let small = try Self.experiment(
            "{set: fashion-mnist, training: {range: [0, 8000]}, validation: {range: [58000, 60000]}, "
                + "test: {range: [0, 2000]}}")
        #expect(
            small.dataset
                == DatasetConfiguration(
                    trainingRange: 0..<8000, validation: .range(58_000..<60_000), test: .range(0..<2000)))
        let none = try Self.experiment("{set: fashion-mnist, validation: none}")
        #expect(none.dataset == DatasetConfiguration(validation: .none))
        let test = try Self.experiment("{set: fashion-mnist, validation: {set: test}}")
        #expect(test.dataset == DatasetConfiguration(validation: .testSet))
        let last = try Self.experiment("{set: fashion-mnist, validation: {split: last, fraction: 0.1}}")
        #expect(last.dataset == DatasetConfiguration(validation: .last(fraction: 0.1)))
    }

    @Test func aMissingTestSetIsSaidWithTestNone() throws {
        let csv = "{csv: {training: train.csv, classes: [cat, dog]}}"
        let files = CSVFiles(training: "train.csv", test: nil, classNames: ["cat", "dog"])
        let none = try Self.experiment("{set: \(csv), validation: none, test: none}")
        #expect(none.dataset == DatasetConfiguration(source: files, validation: .none, test: .none))
        #expect(none.canonicalForm.contains("test: none"))
        let unused = try Self.experiment("{set: fashion-mnist, validation: none, test: none}")
        #expect(!unused.dataset.hasTest && unused.dataset.source.hasTest)
        let folders = try Self.experiment("{set: {image_folders: {training: photos}}, validation: none, test: none}")
        let photos = ImageFolders(training: "photos", test: nil, classNames: nil)
        #expect(folders.dataset == DatasetConfiguration(source: photos, validation: .none, test: .none))
        #expect(
            Self.message("{set: \(csv), validation: none}").contains(
                "expected a set with test images, or test: none beside"))
        #expect(
            Self.message("{set: fashion-mnist, validation: {set: test}, test: none}").contains(
                "the experiment has test: none"))
        #expect(Self.message("{set: fashion-mnist, validation: none, test: nothing}").contains("unknown"))
    }

    @Test func setsOfFiles() throws {
        let csv = try Self.experiment(
            "{set: {csv: {training: a/train.csv, test: test.csv, classes: [cat, \"1\"]}}, validation: {file: v.csv}}")
        let files = CSVFiles(training: "a/train.csv", test: "test.csv", classNames: ["cat", "1"])
        #expect(csv.dataset == DatasetConfiguration(source: files, validation: .file("v.csv")))
        let older = try Self.experiment(
            "{set: {png_folders: {training: train, test: test, classes: [x, y]}}, validation: none}")
        #expect(older.canonicalForm.contains("png_folders: {training: \"train\""))
        #expect(older.dataset.source.classNames == ["x", "y"])
        let idx = try Self.experiment(
            "{set: {idx: {training_images: a, training_labels: b, test_images: c, test_labels: d, classes: [x]}}, "
                + "validation: none}")
        let idxFiles = IDXFiles(
            trainingImages: "a", trainingLabels: "b", testImages: "c", testLabels: "d", classNames: ["x"])
        #expect(idx.dataset == DatasetConfiguration(source: idxFiles, validation: .none))
        let png = try Self.experiment(
            "{set: {image_folders: {training: train, test: test, classes: [x, y]}}, validation: none}")
        let folders = ImageFolders(training: "train", test: "test", classNames: ["x", "y"])
        #expect(png.dataset == DatasetConfiguration(source: folders, validation: .none))
    }

    @Test func augmentationOfTheWriteUp() throws {
        let experiment = try Self.experiment(
            "{set: fashion-mnist, validation: none, augmentation: {rotation_degrees: 40, width_shift: 0.2, "
                + "height_shift: 0.2, shear_degrees: 0.2, zoom: [0.8, 1.2], horizontal_flip: true, fill: nearest}}")
        let expected = AugmentationConfiguration(
            rotationDegrees: 40, widthShift: 0.2, heightShift: 0.2, shearDegrees: 0.2, zoom: 0.8...1.2,
            flipsHorizontally: true)
        #expect(experiment.dataset.augmentation == expected)
        let others = try Self.experiment(
            "{set: synthetic, validation: none, augmentation: {random_crop: {padding: 4}, random_erasing: {}}}")
        #expect(others.dataset.augmentation == AugmentationConfiguration(crop: .init(padding: 4), erasing: .init()))
    }

    @Test func madeUpImagesTakeThePlaceOfFiles() throws {
        let files = CSVFiles(training: "a", test: "b", classNames: ["x"])
        let configuration = DatasetConfiguration(
            source: files, trainingRange: 0..<9, validation: .file("v"), test: .range(0..<3))
        #expect(
            configuration.synthetic
                == DatasetConfiguration(
                    source: SyntheticSource(), trainingRange: 0..<9, validation: .testSet, test: .range(0..<3)))
    }

    private static let csv = "{csv: {training: a, test: b, classes: [x]}}"

    @Test(
        arguments: [
            ("{set: csv, validation: none}", "data.set: the key \"training\" is missing"),
            ("{set: {csv: {training: a, test: b}}, validation: none}", "the key \"classes\" is missing"),
            ("{set: {csv: {training: /a, test: b, classes: [x]}}, validation: none}", "a path below the folder"),
            ("{set: {csv: {training: ../a, test: b, classes: [x]}}, validation: none}", "a path below the folder"),
            ("{set: {csv: {training: a, test: b, classes: []}}, validation: none}", "1 to 256 names"),
            ("{set: {csv: {training: a, test: b, classes: [x, x]}}, validation: none}", "classes[1]"),
            (
                "{set: {image_folders: {training: a, test: b, classes: [x/y]}}, validation: none}",
                "names of sub-folders"
            ),
            ("{set: {idx: {training: a}}, validation: none}", "unknown key \"training\""),
            ("{set: fashion-mnist}", "the key \"validation\" is missing"),
            ("{set: fashion-mnist, validation: nothing}", "known: none"),
            ("{set: fashion-mnist, validation: {file: a.csv}}", "a file is for the set csv"),
            ("{set: \(csv), validation: {file: v, set: test}}", "one of split, range, set and file"),
            ("{set: \(csv), validation: {file: v, fraction: 0.1}}", "a fraction only beside split"),
            ("{set: \(csv), validation: {set: training}}", "unknown value \"training\""),
            ("{set: \(csv), validation: {split: first, fraction: 0.1}}", "known: shuffled, last"),
            ("{set: \(csv), validation: {range: [5, 5]}}", "data.validation.range[1]: must be above 5, not 5"),
            ("{set: \(csv), validation: {range: [5]}}", "a list of the first sample"),
            ("{set: \(csv), validation: {range: [-1, 5]}}", "must be 0 to 2147483647"),
            ("{set: \(csv), training: {range: [0, 9]}, validation: {range: [8, 12]}}", "apart from the training range"),
            ("{set: \(csv), validation: none, augmentation: {rotation: 3}}", "unknown key \"rotation\""),
            ("{set: \(csv), validation: none, augmentation: {zoom: 0.2}}", "a list of the lowest"),
            ("{set: \(csv), validation: none, augmentation: {zoom: [1.2, 0.8]}}", "must be 1.2 to 100.0"),
            ("{set: \(csv), validation: none, augmentation: {width_shift: 3}}", "a share from 0 to below 1"),
            ("{set: \(csv), validation: none, augmentation: {horizontal_flip: yes}}", "expected true or false"),
            ("{set: \(csv), validation: none, augmentation: {fill: mirror}}", "nearest, constant, reflect, wrap"),
            ("{set: \(csv), validation: none, augmentation: {random_crop: {padding: 0}}}", "must be 1 to 1024"),
            ("{set: \(csv), validation: none, augmentation: {random_erasing: {probability: 2}}}", "from 0 to 1"),
        ])
    func whatIsWrongIsSaid(_ data: String, _ part: String) {
        let message = Self.message(data)
        #expect(message.contains(part), "\(message)")
        #expect(message.contains("\"toy.yaml\", line 2"), "\(message)")
    }
}
