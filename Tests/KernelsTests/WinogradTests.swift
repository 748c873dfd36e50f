import KernelInterface
import Testing

@Suite("Winograd convolution")
struct WinogradTests {
    /// Outputs from 1×1 up with every remainder of a tile, even and odd, and channels that fill vectors and do not.
    static let cases: [WinogradCase] = {
        let sizes = [(1, 1), (2, 3), (3, 4), (4, 7), (5, 5), (6, 9), (7, 10), (8, 6), (9, 3), (11, 13)]
        let channels = [(16, 16), (17, 24), (24, 17), (32, 48)]
        var cases: [WinogradCase] = []
        for (index, size) in sizes.enumerated() {
            let channel = channels[index % channels.count]
            for isSame in [false, true] {
                for isPooled in [false, true] {
                    let least = (isSame ? 0 : 2) + (isPooled ? 2 : 1)
                    guard min(size.0, size.1) >= least else { continue }
                    cases.append(
                        WinogradCase(size.0, size.1, channel.0, channel.1, isSame: isSame, isPooled: isPooled))
                }
            }
        }
        cases.append(WinogradCase(9, 5, 128, 130, isSame: true, isPooled: false))
        // So many channels that tiles are not mixed: pooled outputs of 6×10 under tiles of 4×4.
        cases.append(WinogradCase(8, 13, 144, 128, isSame: false, isPooled: true, sampleCount: 9))
        return cases
    }()

    /// Largest error relative to the root mean square of the exact values; measured: see WinogradErrorTests.
    static let tolerance = 4e-5

    @Test(
        "forward is near the Double sum, the same on every set and for any blocks of samples, and stays in its memory")
    func forward() {
        for test in Self.cases {
            let expected = tables.first.map { test.forward($0) }
            #expect(expected?.isIntact == true, "\(test.label)")
            for table in tables {
                let blocks = test.forward(table, blockSampleCount: table.laneCount == 8 ? 1 : 4)
                #expect(bits(blocks.values) == bits(expected?.values ?? []), "\(table.name) \(test.label)")
                if test.shape.isPooled {
                    #expect(blocks.windowIndex == expected?.windowIndex, "\(table.name) \(test.label)")
                }
                #expect(blocks.isIntact, "\(table.name) \(test.label)")
                let rectified = test.forward(table, appliesReLU: true)
                #expect(rectified.values == expected?.values.map { $0 > 0 ? $0 : 0 }, "\(table.name) \(test.label)")
                if test.shape.isPooled, let expected {
                    let places = zip(expected.windowIndex, expected.values).map { $1 > 0 ? $0 : noWindowPlace }
                    #expect(rectified.windowIndex == places, "\(table.name) \(test.label)")
                }
            }
            for hasBias in [false, true] {
                let exact = test.exactForward(hasBias: hasBias)
                guard let output = tables.last.map({ test.forward($0, hasBias: hasBias) }) else { continue }
                let compared = test.shape.isPooled ? pooled(exact, output.windowIndex, test) : (exact, 0)
                #expect(RelativeError(output.values, compared.0).maximum < Self.tolerance, "\(test.label)")
                #expect(compared.1 < Self.tolerance, "\(test.label): another place than that of the maximum")
            }
        }
    }

    /// The exact maxima, and by how much the worst chosen place misses them, relative to the root mean square.
    private func pooled(
        _ exact: [Double], _ places: [UInt8], _ test: WinogradCase
    ) -> (maxima: [Double], miss: Double) {
        let (shape, channels) = (test.shape, test.shape.outputChannels)
        let scale = (exact.reduce(0) { $0 + $1 * $1 } / Double(exact.count)).squareRoot()
        var maxima: [Double] = []
        var miss = 0.0
        for index in places.indices {
            let (position, channel) = index.quotientAndRemainder(dividingBy: channels)
            let (line, x) = position.quotientAndRemainder(dividingBy: shape.pooledWidth)
            let (sample, y) = line.quotientAndRemainder(dividingBy: shape.pooledHeight)
            let window = (0..<4).map { place in
                let row = sample * shape.outputHeight + 2 * y + place / 2
                return exact[(row * shape.outputWidth + 2 * x + place % 2) * channels + channel]
            }
            let best = window.max() ?? .nan
            maxima.append(best)
            miss = max(miss, (best - window[Int(places[index])]) / scale)
        }
        return (maxima, miss)
    }

    @Test("the input gradient is near the Double sum, the same on every set and for any blocks of samples")
    func inputGradient() {
        for test in Self.cases {
            let expected = tables.first.map { test.inputGradient($0) }
            #expect(expected?.isIntact == true, "\(test.label)")
            for table in tables {
                let blocks = test.inputGradient(table, blockSampleCount: table.laneCount == 8 ? 1 : 4)
                #expect(bits(blocks.values) == bits(expected?.values ?? []), "\(table.name) \(test.label)")
                #expect(blocks.isIntact, "\(table.name) \(test.label)")
            }
            let error = RelativeError(expected?.values ?? [], test.exactInputGradient())
            #expect(error.maximum < Self.tolerance, "\(test.label)")
        }
    }

    @Test("the weight gradient is near the Double sum, the same on every set and for any shares of channels")
    func weightGradient() {
        let whole = [SummationStep(sampleBegin: 0, sampleEnd: 9, mergeCount: 0, rootIndex: 0)]
        for test in Self.cases {
            let count = test.shape.inputChannels
            let shares = [[0..<count], [0..<7, 7..<count]]
            let expected = tables.first.map { test.weightGradient($0, whole, channels: shares[0]) }
            for table in tables {
                let result = test.weightGradient(table, whole, channels: shares[1])
                #expect(bits(result.values) == bits(expected?.values ?? []), "\(table.name) \(test.label)")
                #expect(result.isIntact, "\(table.name) \(test.label)")
            }
            let error = RelativeError(expected?.values ?? [], test.exactWeightGradient(0..<9))
            #expect(error.maximum < Self.tolerance, "\(test.label)")
        }
    }

    @Test("a program's roots are the tree over its micro-batches", arguments: 0..<TestPrograms.all.count)
    func programs(program: Int) {
        let steps = TestPrograms.all[program]
        for test in [
            WinogradCase(7, 6, 17, 24, isSame: true, isPooled: false),
            WinogradCase(9, 12, 32, 16, isSame: false, isPooled: true),
        ] {
            let channels = [0..<test.shape.inputChannels]
            for table in tables {
                let roots = runProgram(steps) { samples in
                    let leaf = SummationStep(
                        sampleBegin: Int32(samples.lowerBound), sampleEnd: Int32(samples.upperBound), mergeCount: 0,
                        rootIndex: 0)
                    return test.weightGradient(table, [leaf], channels: channels).values
                }
                let expected = (0..<roots.count).flatMap { roots[$0] ?? [] }
                let result = test.weightGradient(table, steps, channels: channels)
                #expect(bits(result.values) == bits(expected), "\(table.name) \(test.label)")
            }
        }
    }

    @Test("the widest shapes and the deepest programs stay in the scratch memory")
    func scratchMemory() {
        let half = WinogradShape.channelLimit / 2
        // Eleven sums wait on the stack before the last micro-batch merges them.
        var steps = (0..<11).map { SummationStep(sampleBegin: $0, sampleEnd: $0 + 1, mergeCount: 0, rootIndex: -1) }
        steps.append(SummationStep(sampleBegin: 11, sampleEnd: 12, mergeCount: 11, rootIndex: 0))
        let deep = WinogradCase(3, 3, 144, 144, isSame: true, isPooled: false, sampleCount: 12)
        let wide = WinogradCase(8, 8, half, half, isSame: true, isPooled: false, sampleCount: 2)
        for table in tables where table.laneCount > 4 {
            withGuardedScratch { scratch in
                _ = deep.weightGradient(table, steps, channels: [0..<144], scratch: scratch)
                _ = wide.forward(table, scratch: scratch)
                _ = wide.inputGradient(table, scratch: scratch)
            }
        }
    }

    @Test("regions cover each computed output once")
    func regions() {
        for channels in [16, 256] {
            for size in 1...23 {
                for isPooled in [false, true] where size > 1 || !isPooled {
                    let shape = WinogradShape(
                        inputHeight: size + 2, inputWidth: size + 2, inputChannels: channels, paddingTop: 0,
                        paddingLeft: 0, outputHeight: size, outputWidth: size, outputChannels: channels,
                        isPooled: isPooled)
                    var covered = [Int](repeating: 0, count: size + 8)
                    for index in 0..<shape.regionCount where shape.region(index).columns.first == 0 {
                        let rows = shape.region(index).rows
                        for row in 0..<rows.tileCount * rows.tileOutputs { covered[rows.first + row] += 1 }
                    }
                    #expect(covered[..<shape.computedHeight].allSatisfy { $0 == 1 }, "\(size)")
                    #expect(shape.computedHeight == (isPooled ? size / 2 * 2 : size))
                }
            }
        }
    }
}
