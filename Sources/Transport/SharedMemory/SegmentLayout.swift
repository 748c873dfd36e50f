import Synchronization

/// A word of memory that several processes have mapped.
typealias SharedWord = UnsafeMutablePointer<Atomic<UInt64>>

/// Where the words of a segment are. Each worker writes its own segment only, and reads those of the others.
///
/// | place | content | written when |
/// |---|---|---|
/// | 0 | nonce (8), rank (8) | before the segment is offered |
/// | 64 | while the worker sleeps, the number of its sleep, from 1; else 0 | around a sleep |
/// | 4096 + 32 KiB · r | ring of 256 records of 128 bytes: the frames to rank r | a frame is sent |
/// | behind all rings, + 2 KiB · r | for each record of rank r's ring to this worker, the number of the frame that was released last | a payload is released |
/// | behind them | memory of gradients and sums | in each step |
///
/// A record: the frame's number (8), written last; offset (8) and length (8) of the payload in the sender's segment;
/// unused (40); the header (64). Frame n of a ring, counted from 1, is in record (n − 1) mod 256. A record is used
/// again when the receiver has released the frame before.
struct SegmentLayout {
    static let recordCount = 256
    static let recordByteCount = 128
    static let payloadOffset = 8
    static let payloadByteCountOffset = 16
    static let headerOffset = 64
    private static let ringsOffset = 4096
    private static let ringByteCount = recordCount * recordByteCount
    private static let releasesByteCount = recordCount * MemoryLayout<UInt64>.size

    let rankCount: Int

    static let nonceOffset = 0
    static let rankOffset = 8
    static let sleepOffset = 64

    /// The record of frame `number` to `rank`.
    func record(of number: UInt64, to rank: Int) -> Int {
        Self.ringsOffset + rank * Self.ringByteCount + Self.slot(of: number) * Self.recordByteCount
    }

    /// The word with the last released frame of those from `rank` that use the record of frame `number`.
    func release(of number: UInt64, from rank: Int) -> Int {
        Self.ringsOffset + rankCount * Self.ringByteCount + rank * Self.releasesByteCount
            + Self.slot(of: number) * MemoryLayout<UInt64>.size
    }

    /// Bytes of all words.
    var byteCount: Int { release(of: 1, from: rankCount) }

    /// The record of a ring that a frame uses.
    static func slot(of number: UInt64) -> Int { Int((number - 1) % UInt64(recordCount)) }
}

extension UnsafeRawPointer {
    /// A word that another process writes.
    func word(_ offset: Int) -> SharedWord {
        SharedWord(mutating: (self + offset).assumingMemoryBound(to: Atomic<UInt64>.self))
    }
}
