import Testing

@testable import Runs

/// What a Keras weights file may not make the reader do: follow, believe, or crash.
@Suite("Keras weights files that are refused")
struct KerasWeightsRefusalTests {
    private func problem(_ bytes: [UInt8]) -> HDF5Problem? {
        do throws(KerasWeightsError) {
            _ = try KerasWeights(bytes: bytes, file: "file.h5")
            return nil
        } catch {
            #expect(!error.description.contains("\n"))
            #expect(error.description.hasPrefix("\"file.h5\": "))
            return error.problem
        }
    }

    private static let kernel = "/layers/dense/vars/0"

    @Test(
        "links and datasets that lead elsewhere, and values that are not there",
        arguments: [
            ("external-link.weights.h5", HDF5Problem.link(place: kernel, kind: "external")),
            ("soft-link.weights.h5", .link(place: kernel, kind: "soft")),
            ("external-dataset.weights.h5", .storage(place: kernel, form: "stored in another file")),
            ("virtual-dataset.weights.h5", .storage(place: kernel, form: "composed of other datasets")),
            ("compressed.weights.h5", .storage(place: kernel, form: "compressed")),
            ("whole-numbers.weights.h5", .elementType(place: kernel)),
            ("never-written.weights.h5", .size(place: kernel)),
            ("no-weights.h5", .notWeights),
        ])
    func refused(name: String, expected: HDF5Problem) throws {
        #expect(problem(try KerasFixture.bytes(name)) == expected)
    }

    @Test("files that are not HDF5")
    func otherFiles() {
        for bytes in [[], [0x89], Array("{}".utf8), Array("PK\u{3}\u{4}".utf8)] as [[UInt8]] {
            #expect(problem(bytes) == .notHDF5)
        }
    }

    @Test("a file cut short, wherever", arguments: ["keras-2-notop.h5", "nested.weights.h5"])
    func truncated(name: String) throws {
        let bytes = try KerasFixture.bytes(name)
        for count in stride(from: 0, to: bytes.count, by: 97) {
            #expect(problem(Array(bytes[..<count])) != nil, "cut after \(count) bytes")
        }
        #expect(problem(bytes) == nil)
    }
}
