import TestSupport

@testable import Transport

/// One context for all tests of the process, as the library wants it.
let sharedContext: ZeroMQContext? = try? ZeroMQContext()

func context() throws -> ZeroMQContext {
    guard let sharedContext else { throw TransportError.libraryTooOld(version: ZeroMQContext.libraryVersion) }
    return sharedContext
}

extension TemporaryFolder {
    func endpoint(_ name: String) -> Endpoint { .ipc(path: path(name)) }
}

/// Long enough for anything that will happen; only a broken test waits for it.
func patience() -> Deadline { Deadline(afterMilliseconds: 20_000) }

func bytes(_ count: Int, seed: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ seed) }
}
