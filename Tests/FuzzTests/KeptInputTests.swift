import Foundation
import Testing

/// Inputs that once made a parser trap, found by fuzzing (Tests/Fuzz).
@Suite struct KeptInputTests {
    /// libhdf5 crashes on the inputs kept for `keras`; CommandLineTests reads it in another process.
    static let targets = FuzzTarget.allCases.filter { $0 != .keras }

    static func keptInputs(_ target: FuzzTarget) throws -> [URL] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fuzz/Corpus/\(target.rawValue)")
        guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
        return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    }

    @Test(arguments: targets) func everyKeptInputIsParsedWithoutATrap(target: FuzzTarget) throws {
        for input in try Self.keptInputs(target) { target.run(Array(try Data(contentsOf: input))) }
    }

    @Test(arguments: FuzzTarget.allCases) func nothingAndAnythingAreParsedWithoutATrap(target: FuzzTarget) {
        target.run([])
        for byte in 0...255 as ClosedRange<UInt8> { target.run([UInt8](repeating: byte, count: 64)) }
    }
}
