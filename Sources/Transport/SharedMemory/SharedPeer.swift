internal import CPlatform
import Glibc
import Synchronization

/// One worker's side of the exchange of frames through memory with one other worker.
final class SharedPeer {
    private let own: SharedSegment
    private let layout: SegmentLayout
    private let ownRank: Int
    private let rank: Int
    /// The other worker's segment; nil while it is not mapped.
    private var foreign: ForeignSegment?
    /// The writing end of the other worker's doorbell.
    private var doorbell: Int32 = -1
    /// Words of that segment: its owner's sleep, its ring to this worker, and what its owner has released.
    private var foreignSleep: SharedWord?
    private var incoming: UnsafeRawPointer?
    private var foreignReleases: UnsafeRawPointer?
    /// The other worker's sleep that was ended last.
    private var rungSleep: UInt64 = 0
    /// Whether the other worker has mapped this worker's segment.
    var hasMappedOwn = false

    // Frames to the other worker.
    private var nextNumber: UInt64 = 1
    private var oldestUnreleased: UInt64 = 1
    /// For each record of the ring, the counter of the payload in it.
    private var counters: [ReleaseCounter?]
    // Frames from the other worker.
    private var expectedNumber: UInt64 = 1

    init(own: SharedSegment, layout: SegmentLayout, ownRank: Int, rank: Int) {
        self.own = own
        self.layout = layout
        self.ownRank = ownRank
        self.rank = rank
        counters = Array(repeating: nil, count: SegmentLayout.recordCount)
    }

    deinit {
        if doorbell >= 0 { close(doorbell) }
    }

    /// Maps the segment that the other worker offers; false where it is not on this host, or not what the offer says.
    func map(_ offer: SegmentOffer) -> Bool {
        if foreign != nil { return true }
        guard
            let segment = ForeignSegment(
                processIdentifier: offer.processIdentifier, descriptor: offer.segmentDescriptor),
            let words = segment.bytes(at: 0, count: layout.byteCount)?.baseAddress,
            words.word(SegmentLayout.nonceOffset).pointee.load(ordering: .acquiring) == offer.nonce,
            words.word(SegmentLayout.rankOffset).pointee.load(ordering: .acquiring) == UInt64(rank)
        else { return false }
        let descriptor = selvedge_open_descriptor(offer.processIdentifier, offer.doorbellDescriptor, 1)
        guard descriptor >= 0 else { return false }
        doorbell = descriptor
        foreign = segment
        foreignSleep = words.word(SegmentLayout.sleepOffset)
        incoming = words + layout.record(of: 1, to: ownRank)
        foreignReleases = words + layout.release(of: 1, from: ownRank)
        return true
    }

    /// The other worker's segment and the place in it of bytes that were received from it; nil for other bytes.
    func place(of bytes: UnsafeRawBufferPointer) -> (ForeignSegment, Int)? {
        guard let foreign, let offset = foreign.offset(of: bytes) else { return nil }
        return (foreign, offset)
    }

    /// The other worker's segment, if it has these bytes.
    func segment(withBytesAt offset: Int, count: Int) -> ForeignSegment? {
        foreign.flatMap { $0.bytes(at: offset, count: count) == nil ? nil : $0 }
    }

    // MARK: Sending

    /// Whether frames go to the other worker through memory.
    var isUsable: Bool { hasMappedOwn && foreign != nil }

    /// Sends a frame whose payload lies in this worker's segment at `offset`; false while the ring is full. `counter`
    /// counts the payload as lent until the receiver releases it.
    func send(header: UnsafeRawBufferPointer, offset: Int, byteCount: Int, counter: ReleaseCounter?) -> Bool {
        collectReleases()
        guard nextNumber - oldestUnreleased < UInt64(SegmentLayout.recordCount) else { return false }
        let record = own.base + layout.record(of: nextNumber, to: rank)
        record.storeBytes(of: UInt64(offset), toByteOffset: SegmentLayout.payloadOffset, as: UInt64.self)
        record.storeBytes(of: UInt64(byteCount), toByteOffset: SegmentLayout.payloadByteCountOffset, as: UInt64.self)
        (record + SegmentLayout.headerOffset).copyMemory(
            from: header.baseAddress ?? UnsafeRawPointer(record), byteCount: header.count)
        if let counter {
            _ = counter.lend()
            counters[SegmentLayout.slot(of: nextNumber)] = counter
        }
        // Sequentially consistent with the look at the sleeper's word: one of the two workers sees what the other
        // wrote.
        UnsafeRawPointer(record).word(0).pointee.store(nextNumber, ordering: .sequentiallyConsistent)
        nextNumber += 1
        ringIfAsleep()
        return true
    }

    private func ringIfAsleep() {
        guard let foreignSleep else { return }
        let sleep = foreignSleep.pointee.load(ordering: .sequentiallyConsistent)
        guard sleep != 0, sleep != rungSleep else { return }
        rungSleep = sleep
        var byte: UInt8 = 1
        // A full pipe wakes the sleeper as well.
        _ = write(doorbell, &byte, 1)
    }

    /// Gives back the payloads that the other worker has released.
    func collectReleases() {
        while oldestUnreleased < nextNumber {
            let slot = SegmentLayout.slot(of: oldestUnreleased)
            guard let words = foreignReleases,
                words.word(slot * MemoryLayout<UInt64>.size).pointee.load(ordering: .acquiring) == oldestUnreleased
            else { return }
            counters[slot]?.giveBack()
            counters[slot] = nil
            oldestUnreleased += 1
        }
    }

    // MARK: Receiving

    /// Whether a frame has arrived.
    var hasFrame: Bool {
        guard let incoming else { return false }
        return record(incoming).word(0).pointee.load(ordering: .sequentiallyConsistent) == expectedNumber
    }

    private func record(_ ring: UnsafeRawPointer) -> UnsafeRawPointer {
        ring + SegmentLayout.slot(of: expectedNumber) * SegmentLayout.recordByteCount
    }

    /// The next frame, or nil; never waits. Its payload is read where the sender wrote it.
    func receive(isTrusted: Bool) -> ReceivedFrame? {
        while hasFrame, let foreign, let incoming {
            let record = record(incoming)
            let number = expectedNumber
            expectedNumber += 1
            let header = (record + SegmentLayout.headerOffset).loadUnaligned(as: SIMD8<UInt64>.self)
            let offset = record.load(fromByteOffset: SegmentLayout.payloadOffset, as: UInt64.self)
            let byteCount = record.load(fromByteOffset: SegmentLayout.payloadByteCountOffset, as: UInt64.self)
            let release = UnsafeRawPointer(own.base).word(layout.release(of: number, from: rank))
            guard let offset = Int(exactly: offset), let byteCount = Int(exactly: byteCount),
                let payload = foreign.bytes(at: offset, count: byteCount)
            else {
                // The sender's segment does not have these bytes: drop the frame.
                release.pointee.store(number, ordering: .releasing)
                continue
            }
            return ReceivedFrame(
                header: header, payload: Self.payload(payload, number: number, release, in: foreign, own),
                isTrusted: isTrusted)
        }
        return nil
    }

    /// Both segments live until the payload is released, whatever becomes of the generation.
    private static func payload(
        _ bytes: UnsafeRawBufferPointer, number: UInt64, _ word: SharedWord, in foreign: ForeignSegment,
        _ own: SharedSegment
    ) -> ReceivedPayload {
        var record = ReceivedPayload.Record(repeating: 0)
        record[0] = UInt64(UInt(bitPattern: word))
        record[1] = number
        record[2] = UInt64(UInt(bitPattern: Unmanaged.passRetained(foreign).toOpaque()))
        record[3] = UInt64(UInt(bitPattern: Unmanaged.passRetained(own).toOpaque()))
        return ReceivedPayload(bytes, record: record) { record in
            let words = record.assumingMemoryBound(to: UInt.self)
            if let word = UnsafeRawPointer(bitPattern: words[0]) {
                word.word(0).pointee.store(UInt64(words[1]), ordering: .releasing)
            }
            for index in 2...3 {
                if let object = UnsafeRawPointer(bitPattern: words[index]) {
                    Unmanaged<AnyObject>.fromOpaque(object).release()
                }
            }
        }
    }
}
