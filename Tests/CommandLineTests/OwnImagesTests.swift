import Foundation
import Testing

extension CommandLineTests {
    /// Experiments on folders of PNG and JPEG files, without a test set.
    @Suite struct OwnImages {
        private let scratch: Scratch
        private static let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "DatasetsTests/Fixtures/Images")

        init() throws {
            scratch = try Scratch()
            let files = FileManager.default
            // Six kinds of file and two sizes in each class.
            let classes = [
                "rose": [
                    "rgb-8.png", "rgb-16.png", "rgb-subsampling-0.jpg", "palette-4.png", "rgb-alpha-8.png", "cmyk.jpg",
                ],
                "fern": [
                    "grey-8.png", "grey-16.png", "l.jpg", "grey-1.png", "grey-alpha-8-interlaced.png", "grey-4.png",
                ],
            ]
            for (name, images) in classes {
                try files.createDirectory(atPath: "\(scratch.path)/photos/\(name)", withIntermediateDirectories: true)
                for image in images {
                    try files.copyItem(
                        atPath: Self.fixtures.appending(path: image).path,
                        toPath: "\(scratch.path)/photos/\(name)/\(image)")
                }
            }
            try scratch.write(Self.experiment, to: "flowers.yaml")
        }

        private static let experiment = """
            name: flowers
            data:
              set: {image_folders: {training: photos}}
              validation: {split: shuffled, fraction: 0.25}
              test: none
            model:
              input: [6, 5, 3]
              layers: [flatten, {dense: {units: 2, activation: softmax}}]
            loss: sparse_categorical_crossentropy
            optimizer: adam
            batch_size: 8
            epochs: 1

            """

        @Test func `folders of any images train without a test set, and the run has the names of the classes`() throws {
            let end = try Selvedge.run(["train", "flowers.yaml", "--workers", "1", "--run", "run"], in: scratch)
            #expect(end.code == 0, "\(end.lines)")
            let output = String(decoding: try scratch.bytes("output"), as: UTF8.self)
            #expect(output.contains("data: photos validation") && output.contains("fern"), "\(output)")
            let kept = String(decoding: try scratch.bytes("run/experiment.yaml"), as: UTF8.self)
            #expect(kept.contains("classes: [\"fern\", \"rose\"]") && kept.contains("test: none"), "\(kept)")
            let refused = try Selvedge.run(["evaluate", "run"], in: scratch)
            #expect(refused.code == 64 && refused.lines.last?.contains("has no test set") ?? false, "\(refused.lines)")

            // Neither the folder nor its names are needed again.
            try FileManager.default.removeItem(atPath: "\(scratch.path)/photos")
            let photo = Self.fixtures.appending(path: "rgb-subsampling-2.jpg").path
            let predicted = try Selvedge.run(["predict", "run", photo], in: scratch)
            let line = String(decoding: try scratch.bytes("output"), as: UTF8.self)
            #expect(predicted.code == 0 && (line.contains("fern") || line.contains("rose")), "\(predicted.lines)")
        }

        @Test func `pixels without labels become a submission`() throws {
            let trained = try Selvedge.run(["train", "flowers.yaml", "--workers", "1", "--run", "run"], in: scratch)
            #expect(trained.code == 0, "\(trained.lines)")
            let rows = (0..<3).map { row in (0..<90).map { "\(($0 * 7 + row * 80) % 256)" }.joined(separator: ",") }
            let header = (0..<90).map { "pixel\($0)" }.joined(separator: ",")
            try scratch.write(([header] + rows).joined(separator: "\n") + "\n", to: "test.csv")
            let end = try Selvedge.run(["predict", "run", "test.csv", "--submission", "mine.csv"], in: scratch)
            #expect(end.code == 0, "\(end.lines)")
            let lines = String(decoding: try scratch.bytes("mine.csv"), as: UTF8.self).split(separator: "\n")
            #expect(lines.first == "ImageId,Label" && lines.count == 4, "\(lines)")
            #expect(lines.dropFirst().map { $0.split(separator: ",").first } == ["1", "2", "3"], "\(lines)")
            #expect(lines.dropFirst().allSatisfy { $0.hasSuffix(",0") || $0.hasSuffix(",1") }, "\(lines)")
        }

        @Test func `a missing image is missing input`() throws {
            let trained = try Selvedge.run(["train", "flowers.yaml", "--workers", "1", "--run", "run"], in: scratch)
            #expect(trained.code == 0, "\(trained.lines)")
            for name in ["none.png", "none.csv"] {
                let end = try Selvedge.run(["predict", "run", name], in: scratch)
                #expect(end.code == 66 && end.lines.last == "selvedge: there is no file \(name)", "\(end.lines)")
            }
        }

        @Test func `a file that is no image is named in one line`() throws {
            try scratch.write("no picture", to: "photos/fern/x.png")
            let end = try Selvedge.run(["train", "flowers.yaml", "--run", "run"], in: scratch)
            #expect(end.code == 65 && end.lines.count == 1, "\(end.lines)")
            #expect(end.lines.first?.contains("photos/fern/x.png is not a usable image") ?? false, "\(end.lines)")
            #expect(!FileManager.default.fileExists(atPath: scratch.path + "/run"))
        }
    }
}
