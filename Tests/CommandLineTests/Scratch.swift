import Core
import Foundation
import Glibc

/// A folder of one test with a small experiment in it; it is removed with its object.
final class Scratch {
    let path: String
    /// Where the private folders of supervised processes are made.
    let sockets: String

    init(_ experiment: String = Scratch.smallExperiment) throws {
        var template = Array("/tmp/selvedge-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Selvedge.Failure(description: "no scratch folder: \(errno)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        sockets = path + "/s"
        try FileManager.default.createDirectory(atPath: sockets, withIntermediateDirectories: false)
        try write(experiment, to: "small.yaml")
    }

    /// Makes the key files `job.coordinator` and `job.worker`.
    func makeKeys(_ name: String = "job") throws {
        let end = try Selvedge.run(["keys", "new", name], in: self)
        guard end.code == 0 else { throw Selvedge.Failure(description: "no keys: \(end.lines)") }
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Two layers of every kind that A-1 has, and little work.
    static let smallExperiment = """
        name: small
        data:
          set: synthetic
          validation: {split: shuffled, fraction: 0.2}
        model:
          input: [28, 28, 1]
          layers:
            - conv2d: {filters: 4, kernel: [3, 3], padding: valid, activation: relu}
            - max_pool2d
            - flatten
            - dense: {units: 8, activation: relu}
            - dense: {units: 10, activation: sigmoid}
        loss: sparse_categorical_crossentropy
        optimizer:
          adam: {learning_rate: 0.001, beta_1: 0.9, beta_2: 0.999, epsilon: 1.0e-7}
        batch_size: 512
        epochs: 2
        micro_batches: 8
        seed: 1

        """

    func write(_ text: String, to name: String) throws {
        try text.write(toFile: path + "/" + name, atomically: false, encoding: .utf8)
    }

    func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)))
    }

    /// The SHA-256 of the two files that must not depend on how a run was done.
    func digests(_ run: String) throws -> [String] {
        try ["checkpoints/last.safetensors", "metrics.jsonl"].map {
            SHA256Digest(of: try bytes("\(run)/\($0)")).hexadecimal
        }
    }

    /// The remaining sockets and private folders.
    var leftovers: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: sockets)) ?? []
    }
}
