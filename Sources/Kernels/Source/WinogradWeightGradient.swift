internal import KernelInterface

/// `KernelTable.winogradWeightGradient`.
///
/// Blocks of at most 128 × 128 channels run the whole program, so that their sums stay in scratch memory. How the
/// channels are cut into blocks changes no bit.
func winogradWeightGradient(_ arguments: WinogradWeightGradientArguments, _ scratch: UnsafeMutableRawPointer) {
    let memory = WinogradMemory(scratch)
    let depth = stackDepth(of: arguments.program)
    var input = arguments.channelBegin
    while input < arguments.channelEnd {
        let inputCount = WinogradGradientBlock.inputCount(
            stackDepth: depth, atMost: arguments.channelEnd &- input, outputs: arguments.shape.outputChannels)
        var output = 0
        while output < arguments.shape.outputChannels {
            let block = WinogradGradientBlock(
                arguments, inputs: input..<(input &+ inputCount),
                outputs: output..<lesser(output &+ WinogradGradientBlock.channelLimit, arguments.shape.outputChannels),
                stackDepth: depth, memory)
            block.run()
            output &+= WinogradGradientBlock.channelLimit
        }
        input &+= inputCount
    }
}

/// The most sums that wait on a program's stack.
private func stackDepth(of program: SummationProgram) -> Int {
    var depth = 0
    var deepest = 0
    var index = 0
    while index < program.stepCount {
        let step = program.steps[index]
        depth &-= Int(step.mergeCount)
        if step.rootIndex < 0 { depth &+= 1 }
        deepest = greater(deepest, depth)
        index &+= 1
    }
    return deepest
}

/// The weight gradient of a block of input and output channels.
///
/// Sums at the points and slots of the program are `[panel of outputs][input][panel width]`, so that the transform back
/// and the merges run over them as over one long row.
private struct WinogradGradientBlock {
    @inline(always)
    static var channelLimit: Int { 128 }

    private let arguments: WinogradWeightGradientArguments
    private let inputs: Range<Int>
    private let outputs: Range<Int>
    private let memory: WinogradMemory
    /// Floats of a point's sums, and floats from one point to the next.
    private let matrixCount: Int
    private let pointStride: Int
    private let slots: UnsafeMutablePointer<Float>
    /// Sums at the points of one region.
    private let sums: UnsafeMutablePointer<Float>
    /// Transformed inputs and output gradients of a block of tiles.
    private let tiles: UnsafeMutablePointer<Float>
    private let tileLimit: Int

    /// Floats that tiles should have at least.
    @inline(always)
    private static var tileFloatCount: Int { 36 &* 24 &* 2 &* (channelLimit &+ 32) }

    /// Input channels of a block: as many of 128 as the scratch memory has room for.
    @inline(always)
    static func inputCount(stackDepth: Int, atMost limit: Int, outputs: Int) -> Int {
        let width = lesser(channelLimit, (outputs &+ Panel.width &- 1) / Panel.width &* Panel.width)
        let floatsPerInput = width &* (36 &+ 9 &* (stackDepth &+ 1))
        let room = (WinogradMemory.valueCount &- tileFloatCount &- 36 &* 32) / floatsPerInput
        return lesser(limit, lesser(channelLimit, room))
    }

    @inline(always)
    init(
        _ arguments: WinogradWeightGradientArguments, inputs: Range<Int>, outputs: Range<Int>, stackDepth: Int,
        _ memory: WinogradMemory
    ) {
        self.arguments = arguments
        self.inputs = inputs
        self.outputs = outputs
        self.memory = memory
        let panels = (outputs.upperBound &- outputs.lowerBound &+ Panel.width &- 1) / Panel.width
        matrixCount = panels &* (inputs.upperBound &- inputs.lowerBound) &* Panel.width
        pointStride = WinogradValues.oddLineCount(matrixCount)
        slots = memory.values
        sums = slots + (stackDepth &+ 1) &* 9 &* matrixCount
        tiles = sums + 36 &* pointStride
        let used = tiles - memory.values
        let tileFloats =
            36 &* (WinogradValues.rowStride(inputs.upperBound &- inputs.lowerBound) &+ panels &* Panel.width)
        tileLimit = lesser(64, (WinogradMemory.valueCount &- used &- 36 &* 64) / tileFloats)
    }

    @inline(never)
    func run() {
        var slots = GradientSlots(self.slots, floatCount: 9 &* matrixCount)
        let program = arguments.program
        var index = 0
        while index < program.stepCount {
            let step = program.steps[index]
            slots.clear()
            var region = 0
            while region < arguments.shape.regionCount {
                addRegion(arguments.shape.region(region), step, slots.current)
                region &+= 1
            }
            slots.merge(Int(step.mergeCount))
            if step.rootIndex >= 0 {
                write(slots.current, root: Int(step.rootIndex))
            } else {
                slots.push()
            }
            index &+= 1
        }
    }

    /// Adds a region's gradient of the samples of one micro-batch to a slot.
    @inline(always)
    private func addRegion(_ region: WinogradRegion, _ step: SummationStep, _ slot: UnsafeMutablePointer<Float>) {
        let inputCount = inputs.upperBound &- inputs.lowerBound
        let factors = WinogradValues.rows(tiles, tiles: tileLimit, channels: inputCount)
        let gradients = WinogradValues.panels(
            tiles + region.pointCount &* factors.pointStride, tiles: tileLimit,
            channels: outputs.upperBound &- outputs.lowerBound)
        var cursor = WinogradCursor(region, sample: Int(step.sampleBegin))
        let total = Int(step.sampleEnd &- step.sampleBegin) &* region.tileCount
        var begin = 0
        while begin < total {
            let count = lesser(tileLimit, total &- begin)
            var tile = 0
            while tile < count {
                transformInputTile(
                    arguments.shape, region, arguments.input, cursor, channels: inputs, factors, tile: tile, memory)
                transformGradientTile(
                    arguments.shape, region, arguments.outputGradient, cursor, channels: outputs, gradients,
                    tile: tile, memory)
                cursor.advance()
                tile &+= 1
            }
            addProducts(region, factors, gradients, tiles: count, isFirst: begin == 0)
            begin &+= count
        }
        addWeightGradient(region, slot)
    }

    /// Adds a block of tiles to the sums at each point.
    @inline(never)
    private func addProducts(
        _ region: WinogradRegion, _ factors: WinogradValues, _ gradients: WinogradValues, tiles: Int, isFirst: Bool
    ) {
        let inputCount = inputs.upperBound &- inputs.lowerBound
        let outputCount = outputs.upperBound &- outputs.lowerBound
        let panelStride = gradients.panelGap &+ Panel.width
        var point = 0
        while point < region.pointCount {
            var row = 0
            while row < inputCount {
                let rows = RegisterTile.height(fitting: inputCount &- row)
                var product = OuterProductTile(
                    count: tiles, a: UnsafePointer(factors.base) + (point &* factors.pointStride &+ row),
                    aStride: factors.tileStride,
                    b: UnsafePointer(gradients.base) + point &* gradients.pointStride, bStride: Panel.width,
                    c: sums + (point &* pointStride &+ row &* Panel.width), cRowStride: Panel.width,
                    isFirst: isFirst)
                var column = 0
                while column < outputCount {
                    let vectors = Panel.vectors(for: lesser(outputCount &- column, Panel.width))
                    TileFunctions.outerProduct(product, rows: rows, vectors: vectors)
                    product.b += panelStride
                    product.c += inputCount &* Panel.width
                    column &+= Panel.width
                }
                row &+= rows
            }
            point &+= 1
        }
    }

    /// Transforms the sums back to weights and adds them to a slot.
    @inline(never)
    private func addWeightGradient(_ region: WinogradRegion, _ slot: UnsafeMutablePointer<Float>) {
        let (down, across) = (region.rows.points, region.columns.points)
        let chunk = WinogradMemory.chunk
        var index = 0
        while index < matrixCount {
            let count = lesser(chunk, matrixCount &- index)
            var source = WinogradSource(
                base: UnsafePointer(sums) + index, stride: across &* pointStride, zeros: memory.zeros)
            var target = WinogradTarget(base: memory.lines, stride: chunk)
            var line = 0
            while line < across {
                transformLine(.weightGradient, points: down, source, channels: count, target)
                source.base += pointStride
                target.base += 3 &* chunk
                line &+= 1
            }
            source = WinogradSource(base: UnsafePointer(memory.lines), stride: 3 &* chunk, zeros: memory.zeros)
            target = WinogradTarget(base: memory.window, stride: chunk)
            line = 0
            while line < 3 {
                transformLine(.weightGradient, points: across, source, channels: count, target)
                addLines(count, slot + (3 &* line &* matrixCount &+ index))
                source.base += chunk
                line &+= 1
            }
            index &+= count
        }
    }

    /// Adds three lines of `window` to three taps of a slot.
    @inline(always)
    private func addLines(_ count: Int, _ target: UnsafeMutablePointer<Float>) {
        var tap = 0
        while tap < 3 {
            let source = memory.window + tap &* WinogradMemory.chunk
            let sum = target + tap &* matrixCount
            var index = 0
            while index < count {
                storeVector(loadVector(sum + index) + loadVector(source + index), sum + index)
                index &+= laneCount
            }
            tap &+= 1
        }
    }

    /// Copies a finished slot to a root of the gradient.
    @inline(never)
    private func write(_ slot: UnsafePointer<Float>, root: Int) {
        let shape = arguments.shape
        let target = arguments.gradient + root &* arguments.rootStride
        let inputCount = inputs.upperBound &- inputs.lowerBound
        var tap = 0
        while tap < 9 {
            var column = outputs.lowerBound
            var panel = slot + tap &* matrixCount
            while column < outputs.upperBound {
                copyRows(
                    rows: inputCount, columns: lesser(Panel.width, outputs.upperBound &- column), panel,
                    rowStride: Panel.width,
                    target + ((tap &* shape.inputChannels &+ inputs.lowerBound) &* shape.outputChannels &+ column),
                    rowStride: shape.outputChannels)
                panel += inputCount &* Panel.width
                column &+= Panel.width
            }
            tap &+= 1
        }
    }
}

/// One register tile of sums of outer products: `c[row, column] += Σ_t a[t, row] · b[t, column]`, t ascending.
struct OuterProductTile {
    var count: Int
    var a: UnsafePointer<Float>
    var aStride: Int
    var b: UnsafePointer<Float>
    var bStride: Int
    var c: UnsafeMutablePointer<Float>
    var cRowStride: Int
    /// Whether the sums start from +0 instead of c.
    var isFirst: Bool

    /// Computes the tile; `rows` and `vectors` are literals.
    @inline(always)
    func compute(rows: Int, vectors: Int) {
        var tile = RegisterTile()
        if !isFirst { tile.load(rows: rows, vectors: vectors, UnsafePointer(c), rowStride: cRowStride) }
        tile.addOuterProducts(rows: rows, vectors: vectors, count: count, a, stride: aStride, b, stride: bStride)
        tile.store(rows: rows, vectors: vectors, c, rowStride: cRowStride)
    }
}
