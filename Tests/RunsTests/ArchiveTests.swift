import Testing

@testable import Runs

@Suite struct ArchiveTests {
    /// What Python's zipfile writes for the same files, with the flag of UTF-8 names and without attributes.
    private static let golden = """
            504b030414000008000000002100c2412435030000000300000005000000612e6e7079616263504b03041400000800000000
            210000000000000000000000000002000000c3a9504b0102140014000008000000002100c241243503000000030000000500
            00000000000000000000000000000000612e6e7079504b010214001400000800000000210000000000000000000000000002
            0000000000000000000000000026000000c3a9504b0506000000000200020063000000460000000000
        """

    private func digits(_ bytes: [UInt8]) -> String {
        bytes.map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined()
    }

    @Test func `the bytes of an archive are those of Python's zipfile`() throws {
        var archive = ZIPArchive()
        try archive.add("a.npy", Array("abc".utf8))
        try archive.add("é", [])
        #expect(digits(archive.serialized()) == Self.golden.filter { !$0.isWhitespace })
    }

    /// As numpy.save writes them.
    @Test func `an array has the header of numpy`() {
        func header(_ shape: [Int], padding: Int) -> [UInt8] {
            let extents = shape.count == 1 ? "(\(shape[0]),)" : "(\(shape[0]), \(shape[1]))"
            let text = "{'descr': '<f4', 'fortran_order': False, 'shape': \(extents), }"
            return [0x93] + Array("NUMPY".utf8) + [1, 0, 0x76, 0] + Array(text.utf8)
                + [UInt8](repeating: 0x20, count: padding) + [0x0A]
        }
        let matrix = NumPyArray.serialized(shape: [2, 2], [1, 2, 3, -0.5])
        #expect(matrix.prefix(128) == header([2, 2], padding: 58)[...])
        #expect(matrix.dropFirst(128) == [0, 0, 0x80, 0x3F, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40, 0, 0, 0, 0xBF])
        #expect(NumPyArray.serialized(shape: [1], [0]).prefix(128) == header([1], padding: 60)[...])
    }
}
