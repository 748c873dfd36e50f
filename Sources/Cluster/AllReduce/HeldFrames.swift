import Collectives
import Transport

/// Frames that came before their step or generation began. They belong to the inbox and outlive a generation's driver.
///
/// A worker that is done with a step may send frames of the next while this one still waits for a third; and a worker
/// that got the new view first may send frames of a generation that this one does not know yet.
final class HeldFrames {
    private let store: FrameStore
    private var headers: [FrameHeader?]
    private(set) var count = 0
    /// How often the inbox was found empty.
    var emptyInboxCount: UInt64 = 0

    /// - Parameter capacity: at least the frames that all other workers send in one step.
    init(capacity: Int) {
        store = FrameStore(capacity: capacity)
        headers = Array(repeating: nil, count: capacity)
    }

    /// How many frames can be held.
    var capacity: Int { headers.count }

    /// Holds a frame; false when there is no room.
    func hold(_ header: FrameHeader, _ frame: consuming ReceivedFrame) -> Bool {
        guard count < headers.count, let place = headers.firstIndex(where: { $0 == nil }) else { return false }
        headers[place] = header
        store.store(frame, in: place, checksum: header.payloadChecksum)
        count += 1
        return true
    }

    /// Whether a rank has sent frames of two steps after this one: then it has no longer what it sent for this one.
    func isFarAhead(_ rank: Int, generation: UInt64, step: UInt64) -> Bool {
        var later: UInt64?
        for case .some(let header) in headers
        where header.sender == rank && header.generation == generation && header.step > step {
            if let later, header.step != later { return true }
            later = header.step
        }
        return false
    }

    func header(at place: Int) -> FrameHeader? { headers[place] }

    func payloadByteCount(at place: Int) -> Int { store.payload(place).count }

    /// Moves a held frame into a slot of another store.
    func move(_ place: Int, to target: FrameStore, slot: Int) {
        headers[place] = nil
        count -= 1
        store.move(place, to: target, slot: slot)
    }

    func drop(_ place: Int) {
        headers[place] = nil
        count -= 1
        store.release(place)
    }
}
