import Coordination
import Foundation
import Testing
import Transport

@testable import Cluster

@Suite("A mailbox between threads")
struct MailboxTests {
    @Test("gives everything once, in the order in which it was posted")
    func order() throws {
        let mailbox = try Mailbox<Int>()
        #expect(mailbox.takeAll().isEmpty)
        for value in 0..<5 { mailbox.post(value) }
        #expect(mailbox.takeAll() == [0, 1, 2, 3, 4])
        #expect(mailbox.takeAll().isEmpty)
        mailbox.post(5)
        #expect(mailbox.takeAll() == [5])
    }

    @Test("wakes a thread that waits for its event")
    func wakes() throws {
        let mailbox = try Mailbox<Int>()
        let poller = Poller(capacity: 1)
        poller.add(mailbox.event)
        #expect(try !poller.wait(until: Deadline(afterMilliseconds: 0)))
        mailbox.post(1)
        #expect(try poller.wait(until: Deadline(afterMilliseconds: 60_000)))
        _ = mailbox.takeAll()
        #expect(try !poller.wait(until: Deadline(afterMilliseconds: 0)))
    }

    @Test("loses nothing while threads post and one takes")
    func concurrency() throws {
        let mailbox = try Mailbox<Int>()
        let (posterCount, each) = (3, 2000)
        for poster in 0..<posterCount {
            Thread { for value in 0..<each { mailbox.post(poster * each + value) } }.start()
        }
        let poller = Poller(capacity: 1)
        poller.add(mailbox.event)
        var taken: [Int] = []
        while taken.count < posterCount * each {
            guard try poller.wait(until: Deadline(afterMilliseconds: 60_000)) else { break }
            taken += mailbox.takeAll()
        }
        #expect(taken.sorted() == Array(0..<posterCount * each))
        for poster in 0..<posterCount {
            let own = taken.filter { $0 / each == poster }
            #expect(own == own.sorted(), "one thread's items stay in order")
        }
    }
}

@Suite("The board of a worker's progress")
struct ProgressBoardTests {
    @Test("keeps phase, steps and measures, and counts every note")
    func notes() {
        let board = ProgressBoard()
        #expect(board.current.phase == .learning && board.current.counter == 0)
        board.note(phase: .computing)
        #expect(board.current.phase == .computing && board.current.counter == 1)
        let measures = RunningMeasures(epoch: 1, loss: 0.5, accuracy: 0.75, samplesPerSecond: 10)
        board.note(completedSteps: 7, measures: measures)
        #expect(board.current.completedSteps == 7 && board.current.measures == measures)
        #expect(board.current.phase == .computing && board.current.counter == 2)
    }

    @Test("hands out steps once, with the number of the first")
    func reducedSteps() {
        let board = ProgressBoard()
        #expect(board.takeReducedSteps().steps.isEmpty)
        for step in 4..<7 as Range<UInt64> { board.note(ReducedStep(digest: step * step), at: step) }
        let first = board.takeReducedSteps()
        #expect(first.firstStep == 4 && first.steps.map(\.digest) == [16, 25, 36])
        #expect(board.takeReducedSteps().steps.isEmpty)
        board.note(ReducedStep(digest: 49), at: 7)
        let second = board.takeReducedSteps()
        #expect(second.firstStep == 7 && second.steps.map(\.digest) == [49])
    }
}
