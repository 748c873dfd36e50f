import Collectives
import Transport

/// Frames that arrived before their step or generation started. They belong to the inbox and outlive a generation's
/// driver.
///
/// A worker that has finished a step may send frames of the next one while this worker still waits for a third; a
/// worker that got the new view first may send frames of a generation that this worker has not entered.
final class HeldFrames {
    private let store: FrameStore
    private var headers: [FrameHeader?]
    private(set) var count = 0
    /// Of all held payloads.
    private(set) var byteCount = 0
    /// The most bytes of payloads that are held.
    private let byteLimit: Int
    /// How many times this worker's inbox was empty when polled.
    private(set) var emptyInboxCount: UInt64 = 0

    /// Has room for `capacity` frames, at least those that all other workers send in one step, with payloads of
    /// `byteLimit` bytes.
    init(capacity: Int, byteLimit: Int = HeldFrames.usualByteLimit) {
        self.byteLimit = byteLimit
        store = FrameStore(capacity: capacity)
        headers = Array(repeating: nil, count: capacity)
    }

    private static let usualByteLimit = 256 << 20

    /// The most frames that can be held.
    var capacity: Int { headers.count }

    func noteEmptyInbox() {
        emptyInboxCount &+= 1
    }

    /// Holds a frame, or drops it where there is no room: its sender sends it again on request.
    ///
    /// No rank is blamed for a full store: the sender that a frame names need not be the one who filled it.
    func hold(_ header: FrameHeader, _ frame: consuming ReceivedFrame) {
        let payloadByteCount = frame.payload.bytes.count
        guard count < headers.count, payloadByteCount <= byteLimit - byteCount,
            let place = headers.firstIndex(where: { $0 == nil })
        else { return }
        headers[place] = header
        store.store(frame, in: place, checksum: header.payloadChecksum)
        count += 1
        byteCount += payloadByteCount
    }

    /// Whether a rank has sent frames of two later steps: then it no longer has the frames of this one.
    func isFarAhead(_ rank: Int, generation: UInt64, step: UInt64) -> Bool {
        var later: UInt64?
        for case .some(let header) in headers
        where header.label.sender == rank && header.label.generation == generation && header.label.step > step {
            if let later, header.label.step != later { return true }
            later = header.label.step
        }
        return false
    }

    func label(at place: Int) -> FrameLabel? { headers[place]?.label }

    /// Whether a held payload has the length that its header announces.
    func isWhole(at place: Int) -> Bool { headers[place]?.payloadByteCount == store.payload(place).count }

    /// Moves a held frame into a slot of another store.
    func move(_ place: Int, to target: FrameStore, slot: Int) {
        release(place)
        store.move(place, to: target, slot: slot)
    }

    func drop(_ place: Int) {
        release(place)
        store.release(place)
    }

    private func release(_ place: Int) {
        headers[place] = nil
        count -= 1
        byteCount -= store.payload(place).count
    }
}
