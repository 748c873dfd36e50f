import Testing

@testable import Coordination

@Suite("Supervisor news")
struct SupervisorNewsTests {
    @Test("reads back what it writes")
    func roundTrip() {
        let all: [SupervisorNews] = [
            .children([]), .children([1]), .children([100, 200, 2_147_483_647]), .ended(7, .exited(code: 0)),
            .ended(7, .exited(code: 75)), .ended(8, .signalled(.kill)), .stopped(9),
            .started(10), .successor, .stop(.terminate),
            .predecessor(CoordinatorLoss(reason: "it was killed by signal 9", noticedMilliseconds: .max)),
        ]
        for news in all {
            #expect(!news.line.contains("\n"))
            #expect(SupervisorNews(news.line) == news)
        }
    }

    @Test("rejects any other line")
    func garbage() {
        let lines = [
            "", " ", "x", "child 1", "children x", "children 1 x 2", "children 2147483648", "exited", "exited 1",
            "exited x 1", "exited 1 x", "exited 1 2 3", "signalled 1", "signalled 1 x", "signalled 1 9 SIGKILL",
            "stopped", "stopped x", "stopped 1 2", "STOPPED 1", "\0", "stopped\t1",
            "started", "started x", "started 1 2", "coordinator 1", "coordinators", "predecessor",
            "predecessor 1", "stop", "stop x", "stop 1 2", "predecessor -1 it was killed",
            "predecessor x it was killed",
        ]
        for line in lines { #expect(SupervisorNews(line) == nil, "\(line)") }
    }

    @Test("never traps on made-up lines")
    func madeUp() {
        let words = [
            "children", "started", "predecessor", "coordinator", "exited", "signalled", "stopped", "1", "-1",
            "999999999999",
            "SIGKILL", "", "é", "\0",
        ]
        var state: UInt64 = 1
        for _ in 0..<5000 {
            var line: [String] = []
            for _ in 0..<(state >> 33) % 6 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                line.append(words[Int(state >> 33) % words.count])
            }
            state = state &* 6_364_136_223_846_793_005 &+ 1
            if let news = SupervisorNews(line.joined(separator: " ")) { #expect(SupervisorNews(news.line) == news) }
        }
    }
}

@Suite struct ProcessSignalTests {
    @Test(arguments: 1...64 as ClosedRange<Int32>)
    func `the end of a worker by any signal is read back from its line`(signal: Int32) {
        let news = SupervisorNews.ended(7, .signalled(ProcessSignal(rawValue: signal)))
        #expect(SupervisorNews(news.line) == news)
    }

    @Test func `signals have their names in messages`() {
        #expect(ChildStatus.signalled(.kill).description == "was killed by signal 9 (SIGKILL)")
        #expect(ChildStatus.signalled(ProcessSignal(rawValue: 64)).description == "was killed by signal 64 (SIG64)")
    }
}
