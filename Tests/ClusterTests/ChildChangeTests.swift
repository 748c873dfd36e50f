import Coordination
import Testing

@testable import Cluster

@Suite struct ChildChangeTests {
    @Test(arguments: 1...64 as ClosedRange<Int32>)
    func `the coordinator can read what is told of a child that any signal ended`(signal: Int32) {
        let news = SupervisorNews.ended(
            7, .signalled(number: signal, name: ChildChange.name(ofSignal: signal)))
        #expect(SupervisorNews(news.line) == news)
    }
}
