import Foundation
import Testing

@testable import SelvedgeCommand

extension CommandLineTests {
    /// Programs that keep records of trainings.
    @Suite struct Tracking {
        @Test func `a tracker that fails is one line, and neither ends the run nor stops another tracker`() throws {
            let scratch = try Scratch()
            let flags = ["--track", "mlflow=http://127.0.0.1:1", "--track", "dvclive=live"]
            let end = try Selvedge.run(
                ["train", "small.yaml", "--workers", "1", "--epochs", "2", "--run", "run"] + flags, in: scratch)
            #expect(end.code == 0, "\(end.lines)")
            #expect(
                end.lines.count { $0.contains("--track mlflow: the server at http://127.0.0.1:1") } == 1, "\(end.lines)"
            )
            let metrics = String(decoding: try scratch.bytes("live/metrics.json"), as: UTF8.self)
            #expect(metrics.contains("\"step\": 1}"), "\(metrics)")
            let wrong = try Selvedge.run(["train", "small.yaml", "--track", "wandb"], in: scratch)
            #expect(wrong.code == 64 && wrong.complaints.count == 1, "\(wrong.lines)")
        }
    }
}
