internal import CZeroMQ

/// Counts the buffers that libzmq has given back.
///
/// The owner counts what it lends (`lent`, one thread), libzmq's threads count what they return. When both agree, no
/// byte of the memory is in use any more and it may be written again.
package final class ReleaseCounter: @unchecked Sendable {
    // A cache line of its own: an I/O thread writes while the owner works on its neighbours.
    let returned: UnsafeMutablePointer<selvedge_counter>
    private let storage: UnsafeMutableRawPointer
    /// How many buffers were lent; touched by the owner's thread only.
    package private(set) var lent: UInt64 = 0

    package init() {
        storage = UnsafeMutableRawPointer.allocate(byteCount: 128, alignment: 128)
        returned = storage.bindMemory(to: selvedge_counter.self, capacity: 1)
        returned.initialize(to: selvedge_counter())
    }

    // While something is lent, libzmq may still write here: then the memory is left to the end of the process.
    deinit {
        if isIdle { storage.deallocate() }
    }

    func lend() {
        lent += 1
    }

    /// Whether everything lent came back.
    package var isIdle: Bool { selvedge_counter_load(returned) == lent }
}
