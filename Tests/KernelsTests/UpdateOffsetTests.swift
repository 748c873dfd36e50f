import KernelInterface
import Kernels
import Testing

/// What every optimizer's kernel is called with in these tests.
struct UpdateCall: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let run:
        @Sendable (
            _ table: KernelTable, _ count: Int, _ memory: (Int) -> UnsafeMutablePointer<Float>,
            _ gradientSum: UnsafePointer<Float>, _ adjustment: GradientAdjustment, _ resultOffset: Int
        ) -> Void

    static let all = [
        UpdateCall(testDescription: "Adam") { table, count, memory, sum, adjustment, offset in
            table.adamUpdate(
                AdamArguments(
                    count: count, parameters: memory(0), firstMoment: memory(1), secondMoment: memory(2),
                    gradientSum: sum, batchSize: 96, stepSize: 0.003, beta1: 0.9, beta2: 0.999, epsilon: 1e-7,
                    adjustment: adjustment, resultOffset: offset))
        },
        UpdateCall(testDescription: "AdamW") { table, count, memory, sum, adjustment, offset in
            table.adamUpdate(
                AdamArguments(
                    count: count, parameters: memory(0), firstMoment: memory(1), secondMoment: memory(2),
                    gradientSum: sum, batchSize: 64, stepSize: 0.003, beta1: 0.9, beta2: 0.999, epsilon: 1e-7,
                    weightDecay: 0.01, adjustment: adjustment, resultOffset: offset))
        },
        UpdateCall(testDescription: "Nadam") { table, count, memory, sum, adjustment, offset in
            table.nadamUpdate(
                NadamArguments(
                    count: count, parameters: memory(0), firstMoment: memory(1), secondMoment: memory(2),
                    gradientSum: sum, batchSize: 96, momentumScale: 0.002, gradientScale: 0.001, secondRootScale: 3,
                    beta1: 0.9, beta2: 0.999, epsilon: 1e-7, adjustment: adjustment, resultOffset: offset))
        },
        UpdateCall(testDescription: "Lion") { table, count, memory, sum, adjustment, offset in
            table.lionUpdate(
                LionArguments(
                    count: count, parameters: memory(0), firstMoment: memory(1), gradientSum: sum, batchSize: 96,
                    learningRate: 0.01, beta1: 0.9, beta2: 0.99, weightDecay: 0.1, adjustment: adjustment,
                    resultOffset: offset))
        },
        UpdateCall(testDescription: "RMSprop") { table, count, memory, sum, adjustment, offset in
            table.rmspropUpdate(
                RMSpropArguments(
                    count: count, parameters: memory(0), secondMoment: memory(2), velocity: nil, gradientSum: sum,
                    batchSize: 96, learningRate: 0.01, rho: 0.9, epsilon: 1e-7, adjustment: adjustment,
                    resultOffset: offset))
        },
        UpdateCall(testDescription: "RMSprop with momentum, as in PyTorch") {
            table, count, memory, sum, adjustment, offset in
            table.rmspropUpdate(
                RMSpropArguments(
                    count: count, parameters: memory(0), secondMoment: memory(2), velocity: memory(1),
                    gradientSum: sum, batchSize: 96, learningRate: 0.01, rho: 0.9, epsilon: 1e-7, momentum: 0.8,
                    convention: .torch, adjustment: adjustment, resultOffset: offset))
        },
        UpdateCall(testDescription: "SGD") { table, count, memory, sum, adjustment, offset in
            table.sgdUpdate(
                SGDArguments(
                    count: count, parameters: memory(0), velocity: nil, gradientSum: sum, batchSize: 96,
                    learningRate: 0.01, adjustment: adjustment, resultOffset: offset))
        },
        UpdateCall(testDescription: "SGD with Nesterov momentum") { table, count, memory, sum, adjustment, offset in
            table.sgdUpdate(
                SGDArguments(
                    count: count, parameters: memory(0), velocity: memory(1), gradientSum: sum, batchSize: 96,
                    learningRate: 0.01, momentum: 0.9, usesNesterov: true, adjustment: adjustment,
                    resultOffset: offset))
        },
    ]
}

@Suite("Updates that write elsewhere")
struct UpdateOffsetTests {
    @Test(
        "have the bits of an update in place, and leave the old values", arguments: InstructionSet.supported,
        UpdateCall.all)
    func offset(_ set: InstructionSet, _ call: UpdateCall) {
        for count in UpdateCase.counts + [63, 64, 65, 128, 200] {
            for adjustment in UpdateCase.adjustments {
                let start = UpdateCase(count)
                let old = [start.parameters, start.first, start.second]
                let sums = FencedFloats(start.gradientSum, misalignment: 2)
                let inPlace = old.map { FencedFloats($0, misalignment: 1) }
                call.run(set.table, count, { inPlace[$0].start }, sums.reading, adjustment, 0)
                // Old and new values in turn, with space around each.
                let stride = count + 5
                let elsewhere = FencedFloats(
                    old.flatMap { $0 + [0, 0, 0, 0, 0] + $0 + [0, 0, 0, 0, 0] }, misalignment: 3)
                call.run(set.table, count, { elsewhere.start + 2 * stride * $0 }, sums.reading, adjustment, stride)
                let bits = elsewhere.bits
                for array in 0..<3 {
                    let begin = 2 * stride * array
                    #expect(Array(bits[begin..<begin + count]) == old[array].map(\.bitPattern))
                    #expect(Array(bits[begin + stride..<begin + stride + count]) == inPlace[array].bits)
                    #expect(bits[begin + count..<begin + stride].allSatisfy { $0 == 0 })
                    #expect(bits[begin + stride + count..<begin + 2 * stride].allSatisfy { $0 == 0 })
                }
                #expect(elsewhere.isIntact && sums.isIntact)
            }
        }
    }
}
