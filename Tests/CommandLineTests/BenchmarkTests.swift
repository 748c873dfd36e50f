import Foundation
import Testing

@Suite("Benchmarks")
struct BenchmarkTests {
    /// Runs the program and reads the JSON object that it prints.
    private func object(_ arguments: [String], in scratch: Scratch) throws -> [String: Any] {
        let end = try Selvedge(arguments, in: scratch).end()
        #expect(end.code == 0, "\(end.lines)")
        let data = try Data(contentsOf: URL(fileURLWithPath: scratch.path + "/output"))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    @Test("kernels: each layer with weights, and no input gradient where none is computed")
    func kernels() throws {
        let scratch = try Scratch()
        let report = try object(["bench", "kernels", "A-1", "E-2", "--steps", "1", "--json"], in: scratch)
        let layers = try #require(report["layers"] as? [[String: Any]])
        #expect(
            layers.map { $0["layer"] as? String } == [
                "Conv2D 3×3×32 + MaxPool2D", "Dense 32", "Dense 10", "Dense 128", "Dense 10",
            ])
        #expect(layers.map { $0["input_gradient_share"] != nil } == [false, true, true, false, true])
        for layer in layers {
            let share = try #require(layer["weight_gradient_share"] as? Double)
            #expect(share > 0)
        }
    }

    @Test("scaling: one row for each layout, the first with efficiency 1")
    func scaling() throws {
        let scratch = try Scratch()
        let flags = ["--data", "synthetic", "--workers", "1", "2", "--threads", "1", "--steps", "3", "--rounds", "1"]
        let report = try object(["bench", "scaling", "E-2", "--json"] + flags, in: scratch)
        let layouts = try #require(report["layouts"] as? [[String: Any]])
        #expect(layouts.map { $0["workers"] as? Int } == [1, 2, 2])
        #expect(layouts.map { $0["transport"] as? String } == ["auto", "auto", "zeromq"])
        #expect(layouts.first?["efficiency"] as? Double == 1)
    }
}
