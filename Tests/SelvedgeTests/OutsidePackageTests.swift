import Foundation
import Testing

/// The programs of Tests/Library, a package of its own that imports `Selvedge` alone. scripts/test builds them beside
/// the test program.
@Suite("A package that uses the library", .serialized)
struct OutsidePackageTests {
    private static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// What the program prints, in a folder of its own.
    private func output(of name: String) throws -> [String] {
        let runner = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let program = URL(fileURLWithPath: runner).deletingLastPathComponent().appending(path: name)
        try #require(
            FileManager.default.isExecutableFile(atPath: program.path),
            "\(program.path) is missing: run scripts/test, which builds it")
        let folder = FileManager.default.temporaryDirectory.appending(path: "selvedge-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (process, pipe) = (Process(), Pipe())
        process.executableURL = program
        process.currentDirectoryURL = folder
        process.standardOutput = pipe
        try process.run()
        let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test("trains A-1 alone and with four processes to the same figures and the same SHA-256")
    func programs() throws {
        let alone = try output(of: "TrainAlone")
        #expect(alone.count == 4)
        #expect(alone.last?.hasPrefix("SHA-256 79b3985c3c64989e") == true)
        #expect(try output(of: "TrainWithProcesses") == alone)
    }

    @Test("the article shows these programs, of 15 lines at most", arguments: ["TrainAlone", "TrainWithProcesses"])
    func article(name: String) throws {
        let text = try String(
            contentsOf: Self.repository.appending(path: "Tests/Library/Sources/\(name)/main.swift"), encoding: .utf8)
        let article = try String(
            contentsOf: Self.repository.appending(path: "Sources/Selvedge/Selvedge.docc/Library.md"), encoding: .utf8)
        #expect(article.contains("```swift\n\(text)```"))
        #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count - 1 <= 15)
    }
}
