import Foundation

@testable import Transport

/// One context for all tests of the process, as the library wants it.
let sharedContext: ZeroMQContext? = try? ZeroMQContext()

func context() throws -> ZeroMQContext {
    guard let sharedContext else { throw TransportError.libraryTooOld(version: ZeroMQContext.libraryVersion) }
    return sharedContext
}

/// A folder with a short path that is removed at the end.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "selvedge-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func endpoint(_ name: String) -> Endpoint { .ipc(path: "\(path)/\(name)") }
}

/// Long enough for anything that will happen; only a broken test waits for it.
func patience() -> Deadline { Deadline(afterMilliseconds: 20_000) }

func bytes(_ count: Int, seed: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ seed) }
}
