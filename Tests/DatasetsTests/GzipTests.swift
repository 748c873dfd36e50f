import Testing

@testable import Datasets

@Suite struct GzipTests {
    @Test("a small file that unpacks to far more than its header demands is refused without being unpacked")
    func bomb() {
        let header = IDXFile.encode(sampleImages)
        let bomb = Gzip.packed(header + [UInt8](repeating: 0, count: 64 << 20), level: 9)
        #expect(bomb.count < 100_000)
        let error = failure { () throws(DatasetError) in try IDXFile.images(from: bomb, name: "bomb") }
        #expect(error == .malformed(file: "bomb", problem: .oversized(expected: 76)))
    }

    @Test("a small file whose header demands a gigabyte is refused as truncated")
    func hollow() {
        let words = [0x803, 1 << 20, 32, 32]
        let header = words.flatMap { word in withUnsafeBytes(of: UInt32(word).bigEndian) { Array($0) } }
        let error = failure { () throws(DatasetError) in
            try IDXFile.images(from: Gzip.packed(header + [1, 2, 3]), name: "hollow")
        }
        #expect(error == .malformed(file: "hollow", problem: .truncated(byteCount: 19, expected: (1 << 30) + 16)))
    }

    @Test("a wrong CRC-32 or length in the trailer is refused")
    func trailer() {
        let packed = Gzip.packed(IDXFile.encode(sampleImages))
        for place in packed.count - 8..<packed.count {
            var damaged = packed
            damaged[place] ^= 1
            guard
                case .compression("damaged", let problem) = failure({ () throws(DatasetError) in
                    try IDXFile.images(from: damaged, name: "damaged")
                })
            else {
                Issue.record("byte \(place) of the trailer is not checked")
                continue
            }
            #expect(problem == (place < packed.count - 4 ? "incorrect data check" : "incorrect length check"))
        }
    }

    @Test("anything after the only member is refused: zeros, garbage, a second or an empty member")
    func trailing() {
        let packed = Gzip.packed(IDXFile.encode(sampleImages))
        for rest in [[0], [7, 7, 7], packed, Gzip.packed([]), [UInt8](repeating: 0, count: 100_000)] {
            let error = failure { () throws(DatasetError) in
                try IDXFile.images(from: packed + rest, name: "trailing")
            }
            #expect(error == .compression(file: "trailing", problem: "something follows its only member"))
        }
    }

    @Test("an image file split over two members is refused")
    func splitMembers() {
        let bytes = IDXFile.encode(sampleImages)
        let error = failure { () throws(DatasetError) in
            try IDXFile.images(from: Gzip.packed(Array(bytes[..<40])) + Gzip.packed(Array(bytes[40...])), name: "two")
        }
        #expect(error == .compression(file: "two", problem: "something follows its only member"))
    }

    @Test("an empty member is refused")
    func emptyMember() {
        let error = failure { () throws(DatasetError) in
            try IDXFile.images(from: Gzip.packed([]), name: "empty")
        }
        #expect(error == .malformed(file: "empty", problem: .truncatedHeader(byteCount: 0, expected: 16)))
    }

    @Test(
        "packing gives the same bytes each time, and every level unpacks", arguments: [0, 1, 6, 9])
    func levels(level: Int) throws {
        let bytes = IDXFile.encode(sampleImages)
        let packed = Gzip.packed(bytes, level: Int32(level))
        #expect(packed == Gzip.packed(bytes, level: Int32(level)))
        #expect(try IDXFile.images(from: packed, name: "level") == sampleImages)
    }
}
