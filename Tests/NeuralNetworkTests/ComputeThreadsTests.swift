import CPlatform
import Synchronization
import Testing

@testable import NeuralNetwork

@Suite("Compute threads")
struct ComputeThreadsTests {
    @Test("every thread runs the body once, thread 0 being the caller", arguments: 1...5)
    func everyThreadOnce(count: Int) throws {
        let threads = try ComputeThreads(count: count)
        let calls = AlignedBuffer<Int32>(count: count)
        for round in 1...50 {
            threads.run { calls.pointer[$0] += 1 }
            #expect((0..<count).allSatisfy { calls.pointer[$0] == round })
        }
    }

    @Test("no thread passes a barrier before all have arrived", arguments: 2...5)
    func barrier(count: Int) throws {
        let threads = try ComputeThreads(count: count)
        let arrivals = Atomic<Int>(0)
        let early = Atomic<Int>(0)
        threads.run { thread in
            for round in 1...500 {
                arrivals.wrappingAdd(1, ordering: .relaxed)
                threads.barrier(thread: thread)
                if arrivals.load(ordering: .relaxed) < round * count {
                    early.wrappingAdd(1, ordering: .relaxed)
                }
                threads.barrier(thread: thread)
            }
        }
        #expect(early.load(ordering: .relaxed) == 0)
        #expect(arrivals.load(ordering: .relaxed) == 500 * count)
    }

    @Test("a pool is taken down whether it ran or not")
    func teardown() throws {
        for _ in 0..<50 { _ = try ComputeThreads(count: 3) }
    }

    @Test("flush-to-zero and other rounding modes are refused", arguments: [0x8000, 0x0040, 0x2000, 0x4000, 0x6000])
    func arithmeticMode(bits: Int) {
        let saved = selvedge_mxcsr()
        selvedge_set_mxcsr(saved | UInt32(bits))
        let error: ArithmeticModeError?
        do throws(ArithmeticModeError) {
            _ = try ComputeThreads(count: 2)
            error = nil
        } catch let caught {
            error = caught
        }
        selvedge_set_mxcsr(saved)
        #expect(error?.description.hasPrefix("floating-point mode 0x") == true)
    }
}
