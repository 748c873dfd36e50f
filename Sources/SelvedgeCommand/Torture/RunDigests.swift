import Core
import Foundation
import Runs

/// SHA-256 of the files that must not depend on how a run was done.
struct RunDigests: Equatable {
    var checkpoint: String
    var metrics: String

    init(run: String) throws {
        let paths = RunPaths(run)
        func digest(_ path: String) throws -> String {
            SHA256Digest(of: Array(try Data(contentsOf: URL(fileURLWithPath: path)))).hexadecimal
        }
        checkpoint = try digest(paths.last)
        metrics = try digest(paths.metrics)
    }
}
