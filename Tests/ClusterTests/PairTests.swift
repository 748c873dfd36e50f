import Core
import Testing

@testable import Cluster
@testable import Transport

/// What two doctors send to each other, and how the rate of payloads is counted.
@Suite struct PairTests {
    private static let messages: [PairMessage] = [
        .connectBack(host: "fe80::1", port: 4000), .connectedBack(.connected), .connectedBack(.refused),
        .connectedBack(.timedOut), .connectedBack(.unreachable("No route to host")), .connectedBack(.unknownHost),
        .payload(byteCount: 1000), .taken(byteCount: 65_536), .sendPayloads(milliseconds: 1000), .payloadsEnded,
        .countersWanted,
        .counters(
            TCPCounters(
                sentSegmentCount: 1, repeatedSegmentCount: 2, needlessRepetitionCount: 3, disorderedSegmentCount: 4)),
    ]

    @Test func `every message survives the wire`() {
        for message in Self.messages { #expect(PairMessage(decoding: message.encoded()) == message) }
    }

    @Test func `cut, lengthened and changed messages never trap, and other frames are none`() {
        for message in Self.messages {
            let bytes = message.encoded()
            for count in bytes.indices.prefix(100) { _ = PairMessage(decoding: Array(bytes.prefix(count))) }
            for index in bytes.indices.prefix(100) {
                var changed = bytes
                changed[index] ^= 0xFF
                if index < 4 {
                    #expect(PairMessage(decoding: changed) == nil)
                } else {
                    _ = PairMessage(decoding: changed)
                }
            }
        }
        #expect(PairMessage(decoding: PairMessage.payloadsEnded.encoded() + [0]) == nil)
        #expect(PairMessage(decoding: PairMessage.sendPayloads(milliseconds: 10_001).encoded()) == nil)
        let long = PairMessage.connectBack(host: String(repeating: "a", count: 200), port: 1).encoded() + [97]
        #expect(PairMessage(decoding: long) == nil)
    }

    @Test func `few payloads are sent at a time, until the time is over and all are answered`() {
        func moment(_ milliseconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: milliseconds * 1_000_000) }
        var window = PayloadWindow(milliseconds: 100, now: moment(0))
        #expect(window.megabitsPerSecond == 0)
        var sentCount = 0
        while window.isOpen(now: moment(1)) {
            window.noteSent()
            sentCount += 1
        }
        #expect(sentCount == 16 && !window.isOver(now: moment(50)))
        for _ in 0..<16 { window.noteTaken(byteCount: 62_500, now: moment(80)) }
        // One million bytes in 80 milliseconds.
        #expect(window.megabitsPerSecond == 100)
        #expect(window.isOpen(now: moment(99)) && !window.isOpen(now: moment(100)))
        #expect(!window.isOver(now: moment(99)) && window.isOver(now: moment(100)))
        window.noteSent()
        #expect(!window.isOver(now: moment(101)) && window.isOver(now: moment(8100)))
        // Answers to nothing do not count.
        window.noteTaken(byteCount: 1, now: moment(102))
        window.noteTaken(byteCount: 1 << 40, now: moment(102))
        #expect(window.megabitsPerSecond < 100)
    }
}
