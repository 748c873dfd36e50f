import KernelInterface
import Kernels
import Testing

@Suite("Checks of summation programs")
struct ProgramCheckTests {
    @Test("A program that merges a missing sum ends the process")
    func merges() async {
        await #expect(processExitsWith: .failure) {
            var step = SummationStep(sampleBegin: 0, sampleEnd: 1, mergeCount: 1, rootIndex: 0)
            withUnsafePointer(to: &step) { SummationProgram(steps: $0, stepCount: 1).check() }
        }
    }

    @Test("A program that leaves a sum behind ends the process")
    func leftover() async {
        await #expect(processExitsWith: .failure) {
            var step = SummationStep(sampleBegin: 0, sampleEnd: 1, mergeCount: 0, rootIndex: -1)
            withUnsafePointer(to: &step) { SummationProgram(steps: $0, stepCount: 1).check() }
        }
    }

    @Test("Programs for all numbers of leaves pass")
    func valid() {
        for leaves in [1, 2, 4, 8, 16, 32, 64] {
            let tree = SummationCase(sizes: [Int](repeating: 1, count: leaves), leavesPerRoot: leaves)
            tree.withProgram { $0.check() }
        }
    }
}
