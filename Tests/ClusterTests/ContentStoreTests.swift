import Coordination
import Core
import Testing

@testable import Cluster

@Suite("Content from the coordinator")
struct ContentStoreTests {
    private static let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }

    private static func identifier(_ bytes: [UInt8]) -> ContentIdentifier {
        .data(SHA256Digest(of: bytes))
    }

    private static func store(_ pieces: [(Int, [UInt8])], byteCount: Int = 1000) -> ContentStore {
        var store = ContentStore()
        store.expect(ContentDescription(identifier: identifier(bytes), byteCount: UInt64(byteCount)))
        for (offset, piece) in pieces { store.store(identifier(bytes), offset: offset, bytes: piece) }
        return store
    }

    @Test("is put together from chunks in any order, also repeated ones, and taken once")
    func chunks() throws {
        let pieces = [
            (700, Array(Self.bytes[700...])), (0, Array(Self.bytes[..<300])), (300, Array(Self.bytes[300..<700])),
        ]
        var store = Self.store(pieces + pieces)
        #expect(try store.take(Self.identifier(Self.bytes)) == Self.bytes)
        #expect(try store.take(Self.identifier(Self.bytes)) == nil)
    }

    @Test("takes memory for what has arrived, not for what was announced")
    func announced() {
        var store = Self.store([(0, Self.bytes)], byteCount: Int(WireLimits.contentByteCount))
        #expect(throws: ClusterError.self) { try store.take(Self.identifier(Self.bytes)) }
    }

    @Test("with a missing chunk or a wrong byte is refused by its digest")
    func damaged() {
        var missing = Self.store([(0, Array(Self.bytes[..<300]))])
        #expect(throws: ClusterError.self) { try missing.take(Self.identifier(Self.bytes)) }
        var changed = Self.bytes
        changed[500] ^= 1
        var wrong = Self.store([(0, changed)])
        #expect(throws: ClusterError.self) { try wrong.take(Self.identifier(Self.bytes)) }
        var long = Self.store([(0, Self.bytes)], byteCount: 1001)
        #expect(throws: ClusterError.self) { try long.take(Self.identifier(Self.bytes)) }
    }

    @Test("ignores chunks that were not requested or do not fit")
    func strayChunks() throws {
        let stray: [(Int, [UInt8])] = [
            (-1, [1]), (1000, [1]), (999, [1, 2]), (Int.max, [1]), (0, [UInt8](repeating: 9, count: 1001)),
        ]
        var store = Self.store([(0, Self.bytes)] + stray)
        store.store(Self.identifier([1]), offset: 0, bytes: [1])
        #expect(try store.take(Self.identifier([1])) == nil)
        #expect(try store.take(Self.identifier(Self.bytes)) == Self.bytes)
    }

    @Test("data and state with the same digest are two contents")
    func kinds() throws {
        let digest = SHA256Digest(of: Self.bytes)
        var store = ContentStore()
        store.expect(ContentDescription(identifier: .state(digest), byteCount: 1000))
        store.store(.data(digest), offset: 0, bytes: Self.bytes)
        #expect(throws: ClusterError.self) { try store.take(.state(digest)) }
    }
}
