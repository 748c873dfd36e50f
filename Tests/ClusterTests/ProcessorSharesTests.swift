import Testing

@testable import Cluster

@Suite struct ProcessorSharesTests {
    /// The share of each worker; nil where nothing is restricted.
    private func shares(_ workerCount: Int, _ threadCount: Int, of processors: [Int32]) -> [[Int32]]? {
        ProcessorShares(workerCount: workerCount, threadCount: threadCount, processors: processors).map { shares in
            (0..<workerCount).map { shares.processors(ofWorker: $0) }
        }
    }

    @Test func `nothing is restricted where every thread has a processor or the workers do not divide evenly`() {
        #expect(shares(2, 1, of: [0, 1]) == nil)
        #expect(shares(2, 2, of: [0, 1, 2, 3]) == nil)
        #expect(shares(3, 1, of: [0, 1]) == nil)
        #expect(shares(1, 8, of: [0, 1]) == nil)
        #expect(shares(4, 1, of: []) == nil)
    }

    @Test func `workers take turns at processors, or have blocks of them`() {
        #expect(shares(4, 1, of: [0, 1]) == [[0], [1], [0], [1]])
        #expect(shares(2, 2, of: [4, 6]) == [[4], [6]])
        #expect(shares(2, 4, of: [0, 1, 2, 3]) == [[0, 1], [2, 3]])
        #expect(shares(2, 1, of: [3]) == [[3], [3]])
    }

    @Test func `a spare shares the processors of another worker`() throws {
        let shares = try #require(ProcessorShares(workerCount: 4, threadCount: 1, processors: [0, 1]))
        #expect(shares.processors(ofWorker: 5) == [1])
    }
}
