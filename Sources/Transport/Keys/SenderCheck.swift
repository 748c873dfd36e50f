import Core

/// What the header of a frame between workers claims: the generation, and the rank of its sender there.
package struct FrameOrigin: Sendable, Hashable {
    package var generation: UInt64
    package var sender: Int

    package init(generation: UInt64, sender: Int) {
        self.generation = generation
        self.sender = sender
    }
}

/// Compares the sender that a frame names with the key with which it was sent: encryption alone does not stop one
/// member from speaking for another.
struct SenderCheck {
    enum Verdict: Equatable {
        /// The key is the one of the rank that the header names.
        case genuine
        /// A frame of a near generation, whose members are not known yet.
        case early
        case refused
    }

    /// Generations after the current one whose frames may arrive before their view.
    static let generationLead: UInt64 = 16

    private var generation: UInt64 = 0
    /// By rank.
    private var keys: [PublicKey] = []

    /// The members of a new view.
    mutating func enter(generation: UInt64, keys: [PublicKey]) {
        self.generation = generation
        self.keys = keys
    }

    /// `origin` is nil for a frame without a valid header, `key` for one that was sent without keys.
    func verdict(on origin: FrameOrigin?, sentWith key: PublicKey?) -> Verdict {
        guard let origin, let key else { return .refused }
        if origin.generation == generation {
            return keys.indices.contains(origin.sender) && keys[origin.sender] == key ? .genuine : .refused
        }
        let isNear = origin.generation > generation && origin.generation - generation <= Self.generationLead
        return isNear ? .early : .refused
    }
}

/// Frames of near generations that arrived before the view of their generation, with the keys of their senders. Bounded
/// by number and bytes, for each sender and in all; what finds no room is dropped, and its sender is asked for it
/// again.
final class EarlyFrames {
    private struct Entry {
        var header: SIMD8<UInt64>
        var origin: FrameOrigin
        var key: PublicKey
        var slot: Int
        var byteCount: Int
    }

    static let capacity = 256
    static let byteLimit = 64 << 20
    static let byteLimitOfSender = 16 << 20

    private let store = FrameStore(capacity: EarlyFrames.capacity)
    private var freeSlots = Array(0..<EarlyFrames.capacity)
    private var waiting: [Entry] = []
    /// Frames whose senders were found genuine, the next one last.
    private var genuine: [Entry] = []

    var hasGenuine: Bool { !genuine.isEmpty }
    var count: Int { waiting.count + genuine.count }

    /// Keeps a frame; false where there is no room.
    func keep(_ frame: consuming ReceivedFrame, from origin: FrameOrigin, key: PublicKey) -> Bool {
        let byteCount = frame.payload.bytes.count
        let kept = waiting + genuine
        let keptByteCount = kept.reduce(0) { $0 + $1.byteCount }
        let senderByteCount = kept.reduce(0) { $0 + ($1.key == key ? $1.byteCount : 0) }
        guard keptByteCount + byteCount <= Self.byteLimit, senderByteCount + byteCount <= Self.byteLimitOfSender,
            let slot = freeSlots.popLast()
        else { return false }
        waiting.append(Entry(header: frame.header, origin: origin, key: key, slot: slot, byteCount: byteCount))
        store.store(frame, in: slot, checksum: 0)
        return true
    }

    /// Judges the kept frames again after a new view; returns how many were dropped as forged or outdated.
    func judge(by check: SenderCheck) -> Int {
        var (early, dropped) = ([Entry](), 0)
        genuine.reverse()
        let all = genuine + waiting
        genuine = []
        for entry in all {
            switch check.verdict(on: entry.origin, sentWith: entry.key) {
            case .genuine: genuine.append(entry)
            case .early: early.append(entry)
            case .refused:
                store.release(entry.slot)
                freeSlots.append(entry.slot)
                dropped += 1
            }
        }
        genuine.reverse()
        waiting = early
        return dropped
    }

    /// The next frame that was found genuine; nil when there is none.
    func takeGenuine() -> ReceivedFrame? {
        guard let entry = genuine.popLast() else { return nil }
        freeSlots.append(entry.slot)
        guard let payload = store.take(entry.slot) else { return nil }
        return ReceivedFrame(header: entry.header, payload: payload)
    }
}
