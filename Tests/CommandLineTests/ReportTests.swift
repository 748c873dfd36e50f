import Foundation
import Glibc
import Testing

extension CommandLineTests {
    /// Reports, pictures, predictions and comparisons of real runs.
    @Suite struct Reports {
        private let scratch: Scratch

        private static let pictures = [
            "class-balance", "confusion-counts", "confusion-shares", "curves", "mistakes", "predictions", "samples",
        ]

        init() throws {
            scratch = try Scratch()
        }

        private func train(_ flags: String...) throws {
            let end = try Selvedge.run(["train", "small.yaml", "--workers", "2", "--run", "run"] + flags, in: scratch)
            #expect(end.code == 0, "\(end.lines)")
        }

        private func run(_ arguments: String...) throws -> (code: Int32, output: String, lines: [String]) {
            let end = try Selvedge.run(arguments, in: scratch)
            return (end.code, try text("output"), end.lines)
        }

        private func text(_ name: String) throws -> String { String(decoding: try scratch.bytes(name), as: UTF8.self) }

        private func files(_ folder: String) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: "\(scratch.path)/\(folder)").sorted()
        }

        @Test func `training leaves pictures and a page`() throws {
            try train()
            #expect(try files("run/plots") == Self.pictures.map { "\($0).png" })
            for name in Self.pictures {
                #expect(try scratch.bytes("run/plots/\(name).png").starts(with: [0x89, 0x50, 0x4E, 0x47]))
            }
            let page = try text("run/report.html")
            #expect(
                page.contains("SYNTHETIC DATA") && page.hasSuffix("</html>\n") && !page.contains("http:")
                    && !page.contains("https:"))
            #expect(try text("run/report.txt").contains("SYNTHETIC DATA"))
        }

        @Test func `pictures that cannot be written do not fail the training`() throws {
            try train()
            try FileManager.default.removeItem(atPath: scratch.path + "/run/plots")
            try scratch.write("in the way", to: "run/plots")
            let end = try run("train", "small.yaml", "--run", "run", "--resume")
            #expect(end.code == 0, "\(end.lines)")
            #expect(end.lines.contains { $0.contains("pictures and report.html are missing") && $0.contains("plots") })
            #expect(end.output.contains("weighted avg"))
        }

        @Test func `a missing font is reported and does not fail the training`() throws {
            try scratch.write("<?xml version=\"1.0\"?><fontconfig></fontconfig>", to: "fonts.conf")
            let end = try Selvedge.run(
                ["train", "small.yaml", "--workers", "1", "--run", "run"], in: scratch,
                environment: ["FONTCONFIG_FILE": scratch.path + "/fonts.conf"])
            #expect(end.code == 0, "\(end.lines)")
            #expect(end.lines.contains { $0.contains("DejaVu Sans is missing") && $0.contains("scripts/setup") })
            #expect(try files("run/plots").count == Self.pictures.count)
        }

        @Test func `a checkpoint alone gives the same report`() throws {
            try train()
            let last = "run/checkpoints/last.safetensors"
            #expect(try run("evaluate", last, "--report", "again").code == 0)
            for name in ["report.txt", "report.json", "report.html"] + Self.pictures.map({ "plots/\($0).png" }) {
                #expect(try scratch.bytes("run/\(name)") == scratch.bytes("again/\(name)"), "\(name)")
            }
            #expect(try run("evaluate", last, "--split", "train", "--report", "training").code == 0)
            #expect(try text("training/report.json").contains("\"samples\":3000,"))
        }

        @Test func `predictions of the data set's images`() throws {
            try train()
            let last = "run/checkpoints/last.safetensors"
            let found = try run("predict", last, "test:0", "train:17", "--top", "3")
            #expect(found.code == 0)
            let lines = found.output.split(separator: "\n")
            try #require(lines.count == 3 && lines[0].hasPrefix("SYNTHETIC DATA"))
            let cells = lines[1].split(separator: "\t")
            try #require(cells.count == 8 && cells[0] == "test:0" && cells[7].hasPrefix("actual: "))
            let probabilities = [2, 4, 6].compactMap { Double(cells[$0]) }
            #expect(probabilities == probabilities.sorted(by: >) && probabilities.reduce(0, +) <= 1.0001)

            let object = try run("predict", last, "test:499", "--json").output
            #expect(
                object.contains(
                    ",\"synthetic\":true,\"images\":[{\"image\":\"test:499\",\"predictions\":[{\"class\":")
            )
            let beyond = try run("predict", last, "test:500")
            #expect(beyond.code == 64 && beyond.lines.count == 1 && beyond.lines[0].contains("test:500"))
        }

        @Test func `runs are compared whatever state they are in`() throws {
            try train()
            try FileManager.default.copyItem(atPath: scratch.path + "/run", toPath: scratch.path + "/damaged")
            try scratch.write("{\"epoch\":1\n", to: "damaged/metrics.jsonl")
            try FileManager.default.copyItem(atPath: scratch.path + "/run", toPath: scratch.path + "/unfinished")
            try FileManager.default.removeItem(atPath: scratch.path + "/unfinished/report.json")

            let all = try run("compare", "run", "damaged", "unfinished", "absent", "--plot", "all.png")
            #expect(all.code == 0, "\(all.lines)")
            let rows = all.output.split(separator: "\n")
            try #require(
                rows.count == 4 && rows.dropFirst().allSatisfy { $0.contains("5,546") && $0.contains("SYNTHETIC") })
            #expect(rows[1].contains("finished") && rows[2].contains("damaged") && rows[3].contains("unfinished"))
            let complaints = all.lines.filter { $0.hasPrefix("selvedge: ") }
            try #require(complaints.count == 2)
            #expect(complaints.contains { $0.contains("damaged/metrics.jsonl") && $0.contains("line 1") })
            #expect(complaints.contains { $0.contains("absent: there is no such folder") })
            #expect(try scratch.bytes("all.png").starts(with: [0x89, 0x50, 0x4E, 0x47]))

            #expect(try run("compare", "run", "--csv").output.hasPrefix("run,experiment,seed,parameters,epochs,"))
            let object = try run("compare", "run", "--json").output
            #expect(
                object.hasPrefix(
                    "{\"schema\":2,\"command\":\"compare\",\"version\":\"0.1.0\",\"runs\":[{\"run\":\"run\",\"experiment\":\"small\",\"seed\":1,\"parameters\":5546,\"epochs\":2,"
                ))
            let none = try run("compare", "absent")
            #expect(none.code == 66 && none.lines.count == 2)
        }
    }
}
