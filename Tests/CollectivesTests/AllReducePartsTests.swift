import Core
import Testing

@testable import Collectives

@Suite("The parts of the all-reduce machine, each alone")
struct AllReducePartsTests {
    private func layout(
        rank: Int = 1, runs: [Range<Int>] = [0..<2, 2..<5, 5..<8], buckets: [Int] = [100, 6000]
    ) throws -> AllReduceLayout {
        AllReduceLayout(
            rank: rank, ownership: try Ownership(microBatchCount: 8, runs: runs), batchSize: 100,
            bucketElementCounts: buckets, statisticsWidth: 3)
    }

    /// Rank 0's only root, node 4, for bucket 0.
    private func contribution() -> FrameLabel {
        FrameLabel(
            kind: .contribution, job: JobIdentifier(high: 1, low: 2), generation: 5, step: 4, bucket: 0,
            elementOffset: 0, elementCount: 100, sender: 0, node: 4)
    }

    private func request(step: UInt64) -> FrameLabel {
        var request = contribution()
        request.kind = .resend
        request.requestedKind = .contribution
        request.step = step
        request.node = 12
        return request
    }

    @Test("Received frames fill their slots once, and an emptied slot can be filled again")
    func slots() throws {
        let layout = try layout()
        var received = ReceivedFrames(layout: layout, safeguards: Safeguards())
        received.begin(layout)
        let place = try #require(received.place(of: contribution()))
        guard case .contribution(let slot, let chunk) = place else {
            Issue.record("a contribution has another place")
            return
        }
        let ordinal = slot - layout.chunks[chunk].firstSlot
        let fills = [received.fill(place), received.fill(place)]
        #expect(fills == [true, false])
        let request = received.empty(chunk: chunk, ordinal: ordinal)
        #expect(request == FrameRequest(rank: 0, kind: .contribution, bucket: 0, elements: 0..<100, node: 4))
        #expect(received.firstMissing == MissingFrame(rank: 0, kind: .contribution, bucket: 0))
        let isFilledAgain = received.fill(place)
        #expect(isFilledAgain)
    }

    @Test("A chunk is complete when the roots of all other ranks have arrived")
    func completeChunk() throws {
        let layout = try layout()
        var received = ReceivedFrames(layout: layout, safeguards: Safeguards())
        received.begin(layout)
        for (sender, node) in [(0, 4), (2, 13), (2, 7)] {
            #expect(!received.isComplete(chunk: 0))
            var frame = contribution()
            (frame.sender, frame.node) = (sender, node)
            let place = try #require(received.place(of: frame))
            let isFilled = received.fill(place)
            #expect(isFilled)
        }
        #expect(received.isComplete(chunk: 0))
    }

    @Test("At most 64 frames of a rank are requested at once")
    func requestLimit() throws {
        let layout = try layout(buckets: Array(repeating: 10, count: 100))
        var received = ReceivedFrames(layout: layout, safeguards: Safeguards())
        received.begin(layout)
        let counts = received.requests.reduce(into: [:]) { $0[$1.rank, default: 0] += 1 }
        #expect(counts == [0: 64, 2: 64])
    }

    @Test("An own frame is sent again only after the inbox was empty since it was complete")
    func replies() throws {
        let layout = try layout()
        var own = OwnFrames(layout: layout)
        own.begin(step: 4, layout)
        own.inboxFoundEmpty(times: 1)
        #expect(own.reply(to: request(step: 4)) == .wait)
        own.bucketReady(0)
        #expect(own.reply(to: request(step: 4)) == .wait)
        own.inboxFoundEmpty(times: 2)
        guard case .send(let answer) = own.reply(to: request(step: 4)) else {
            Issue.record("a complete frame is not sent")
            return
        }
        #expect(answer.rank == 0 && answer.rootIndex == 1 && !answer.isOfPreviousStep)
    }

    @Test("Frames of the step before are sent until its memory is reused")
    func previousStep() throws {
        let layout = try layout()
        var own = OwnFrames(layout: layout)
        own.begin(step: 4, layout)
        own.begin(step: 6, layout)
        own.inboxFoundEmpty(times: 1)
        guard case .send(let answer) = own.reply(to: request(step: 4)) else {
            Issue.record("a frame of the step before is not sent")
            return
        }
        #expect(answer.isOfPreviousStep && answer.step == 4)
        #expect(own.reply(to: request(step: 5)) == .otherStep)
        own.forgetPreviousStep()
        #expect(own.reply(to: request(step: 4)) == .otherStep)
    }

    @Test("A step is complete when every bucket is closed once and the statistics of all owners are in place")
    func progress() throws {
        let layout = try layout()
        var progress = StepProgress(layout: layout)
        progress.begin(layout)
        var closes = [progress.close(bucket: 0)]
        progress.chunkSummed(ofBucket: 0)
        closes += [progress.close(bucket: 0), progress.close(bucket: 0)]
        #expect(closes == [false, true, false])
        for _ in layout.bucketChunks[1] { progress.chunkSummed(ofBucket: 1) }
        let isClosed = progress.close(bucket: 1)
        #expect(isClosed && !progress.isComplete)
        for _ in 0..<3 { progress.statisticsTaken() }
        #expect(progress.isComplete)
    }
}
