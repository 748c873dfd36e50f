import Testing

@testable import Runs

@Suite struct HDF5WriterTests {
    private static let datasets = [
        HDF5Writer.Dataset(path: "layers/conv2d/vars/0", shape: [1, 2, 1, 3], [1, 2, 3, -4, 0.5, 0x1p-149]),
        HDF5Writer.Dataset(path: "layers/conv2d/vars/1", shape: [3], [7, 8, 9]),
        HDF5Writer.Dataset(path: "layers/dense/vars/0", shape: [2, 1], [-1, 1]),
    ]

    @Test func `Keras's reader finds what was written`() throws {
        let bytes = try HDF5Writer.serialized(groups: ["layers"], Self.datasets)
        let weights = try KerasWeights(bytes: bytes, file: "written.h5")
        #expect(weights.layers.count == 2)
        #expect(weights.layers.flatMap(\.tensors).map(\.shape) == Self.datasets.map(\.shape))
        #expect(weights.layers.flatMap(\.tensors).map(\.values) == Self.datasets.map(\.values))
    }

    @Test func `the same datasets give the same bytes`() throws {
        let first = try HDF5Writer.serialized(groups: ["layers"], Self.datasets)
        #expect(try HDF5Writer.serialized(groups: ["layers"], Self.datasets) == first)
    }
}
