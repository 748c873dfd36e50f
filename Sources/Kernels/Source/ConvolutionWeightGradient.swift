internal import KernelInterface

/// The weight gradient of a convolution without pooling; see `ConvolutionWeightGradientArguments` for the order of
/// the sums.
///
/// A register tile holds up to 14 weight rows of one panel of output channels while the positions of some samples
/// pass; between blocks of samples, which are small enough for the second-level cache, the tiles are kept in scratch.
func convolutionWeightGradient(_ arguments: ConvolutionWeightGradientArguments, _ scratch: UnsafeMutableRawPointer) {
    let channels = arguments.shape.outputChannels
    var column = 0
    while column < channels {
        let count = lesser(2 &* laneCount, channels &- column)
        let width = count > laneCount ? 2 &* laneCount : laneCount
        var rowBegin = arguments.rowBegin
        while rowBegin < arguments.rowEnd {
            let part = GradientPart(
                arguments, rowBegin: rowBegin, column: column, width: width, tileRows: tileRowCount, bias: false,
                scratch)
            runGradientProgram(arguments, part, scratch + GradientPart.offsetByteCount)
            rowBegin &+= part.rowCount
        }
        column &+= width
    }
}

/// Runs the summation program for one part.
@inline(always)
private func runGradientProgram(
    _ arguments: ConvolutionWeightGradientArguments, _ part: GradientPart, _ memory: UnsafeMutableRawPointer
) {
    var slots = GradientSlots(memory.assumingMemoryBound(to: Float.self), floatCount: part.floatCount)
    let blockSampleCount = gradientBlockSampleCount(arguments.shape)
    var index = 0
    while index < arguments.program.stepCount {
        let step = arguments.program.steps[index]
        slots.clear()
        var sample = Int(step.sampleBegin)
        while sample < Int(step.sampleEnd) {
            let sampleEnd = lesser(sample &+ blockSampleCount, Int(step.sampleEnd))
            accumulateBlock(arguments, part, slots.current, sample, sampleEnd)
            sample = sampleEnd
        }
        slots.merge(Int(step.mergeCount))
        if step.rootIndex >= 0 {
            part.write(arguments, slots.current, root: Int(step.rootIndex))
        } else {
            slots.push()
        }
        index &+= 1
    }
}

/// Samples in a block: as many as keep input and one panel of output gradients within half of a second-level cache.
@inline(always)
func gradientBlockSampleCount(_ shape: ConvolutionShape) -> Int {
    let positions = shape.outputHeight &* shape.outputWidth
    let byteCount = 4 &* (shape.inputCount &+ positions &* 2 &* laneCount)
    return greater(1, 262_144 / greater(1, byteCount))
}

/// Adds a block of samples to every tile of a part.
@inline(always)
private func accumulateBlock(
    _ arguments: ConvolutionWeightGradientArguments, _ part: GradientPart, _ slot: UnsafeMutablePointer<Float>,
    _ sampleBegin: Int, _ sampleEnd: Int
) {
    var tile = 0
    while tile < part.tileCount {
        let sums = slot + (1 &+ tile &* tileRowCount) &* part.width
        let offsets = part.offsets + tile &* tileRowCount
        if part.columnCount == 2 &* laneCount {
            accumulateGradientTile(2, true, arguments, part, sums, offsets, sampleBegin, sampleEnd)
        } else if part.columnCount == laneCount {
            accumulateGradientTile(1, true, arguments, part, sums, offsets, sampleBegin, sampleEnd)
        } else if part.columnCount > laneCount {
            accumulateGradientTile(2, false, arguments, part, sums, offsets, sampleBegin, sampleEnd)
        } else {
            accumulateGradientTile(1, false, arguments, part, sums, offsets, sampleBegin, sampleEnd)
        }
        tile &+= 1
    }
}

/// Adds a block of samples to one tile. `isWhole`: every lane is a channel.
@inline(always)
private func accumulateGradientTile(
    _ vectorCount: Int, _ isWhole: Bool, _ arguments: ConvolutionWeightGradientArguments, _ part: GradientPart,
    _ sums: UnsafeMutablePointer<Float>, _ offsets: UnsafePointer<Int>, _ sampleBegin: Int, _ sampleEnd: Int
) {
    let shape = arguments.shape
    let width = vectorCount &* laneCount
    let channels = shape.outputChannels
    let rowStride = shape.inputWidth &* shape.inputChannels
    let tail = part.columnCount &- (vectorCount &- 1) &* laneCount
    var tile = RegisterTile()
    tile.load(rows: tileRowCount, vectors: vectorCount, sums, rowStride: width)
    var sample = sampleBegin
    while sample < sampleEnd {
        let input = arguments.input + sample &* shape.inputCount
        var pointers = TilePointers(repeating: input)
        var row = 0
        while row < tileRowCount {
            pointers[unchecked: row] = input + offsets[row]
            row &+= 1
        }
        var gradient = arguments.outputGradient + (sample &* shape.outputCount &+ part.column)
        var y = 0
        while y < shape.outputHeight {
            var offset = y &* rowStride
            let offsetEnd = offset &+ shape.outputWidth &* shape.inputChannels
            while offset < offsetEnd {
                var terms = TileRow()
                if isWhole {
                    terms = TileRow(gradient, vectors: vectorCount)
                } else if vectorCount == 2 {
                    terms.right = loadVector(gradient + laneCount, count: tail)
                    terms.left = loadVector(gradient)
                } else {
                    terms.left = loadVector(gradient, count: tail)
                }
                tile.addProducts(rows: tileRowCount, vectors: vectorCount, pointers, offset: offset, terms)
                gradient += channels
                offset &+= shape.inputChannels
            }
            y &+= 1
        }
        sample &+= 1
    }
    tile.store(rows: tileRowCount, vectors: vectorCount, sums, rowStride: width)
}

/// The stack of partial gradients that a `SummationProgram` works on: equally long runs of floats in scratch, the top
/// one being summed.
///
/// A slot holds a part of the gradient in tile order: first one row for the bias, then whole tiles.
struct GradientSlots {
    let base: UnsafeMutablePointer<Float>
    let floatCount: Int
    private(set) var depth = 0

    init(_ base: UnsafeMutablePointer<Float>, floatCount: Int) {
        self.base = base
        self.floatCount = floatCount
    }

    /// The slot that is being summed.
    @inline(always)
    var current: UnsafeMutablePointer<Float> { base + depth &* floatCount }

    /// Starts a new leaf at +0.
    @inline(always)
    func clear() { clearVectors(current, count: floatCount) }

    /// Makes every −0 of the current sum +0 (adding +0 changes nothing else).
    @inline(always)
    func clearNegativeZeros() {
        var index = 0
        while index < floatCount {
            storeVector(loadVector(current + index) + Vector.zero, current + index)
            index &+= laneCount
        }
    }

    /// Takes `count` earlier sums from the stack, most recent first, each added as `earlier + current`.
    @inline(always)
    mutating func merge(_ count: Int) {
        var remaining = count
        while remaining > 0 {
            let added = current
            depth &-= 1
            let sum = current
            var index = 0
            while index < floatCount {
                storeVector(loadVector(sum + index) + loadVector(added + index), sum + index)
                index &+= laneCount
            }
            remaining &-= 1
        }
    }

    /// Keeps the current sum on the stack.
    @inline(always)
    mutating func push() {
        depth &+= 1
    }
}

/// The part of a weight gradient that is summed at a time: some weight rows of a panel of output channels.
struct GradientPart {
    /// First weight row and number of rows.
    let rowBegin: Int
    let rowCount: Int
    /// First output channel and number of channels (at most `width`).
    let column: Int
    let columnCount: Int
    /// Floats in a row of a slot.
    let width: Int
    /// Rows of a tile.
    let tileRows: Int
    /// Whether the slot's first row sums the bias.
    let hasBias: Bool
    /// For each row, rounded up to whole tiles by repeating the last one, where its input is.
    let offsets: UnsafeMutablePointer<Int>

    /// Room for the gradients of a pooling window's four places, behind the offsets.
    @inline(always)
    var placeMemory: UnsafeMutablePointer<Float> {
        (UnsafeMutableRawPointer(offsets) + 24576).assumingMemoryBound(to: Float.self)
    }

    @inline(always)
    var tileCount: Int { (rowCount &+ tileRows &- 1) / tileRows }

    /// Floats in a slot.
    @inline(always)
    var floatCount: Int { (1 &+ tileCount &* tileRows) &* width }

    /// Most rows in a part, so that nine slots of up to two vectors a row fit the scratch memory with room to spare.
    @inline(always)
    static var maximumRowCount: Int { 2400 }

    /// Bytes at the start of scratch that hold the offsets.
    @inline(always)
    static var offsetByteCount: Int { 32768 }

    @inline(always)
    init(
        _ arguments: ConvolutionWeightGradientArguments, rowBegin: Int, column: Int, width: Int, tileRows: Int,
        bias: Bool, _ scratch: UnsafeMutableRawPointer
    ) {
        self.rowBegin = rowBegin
        rowCount = lesser(GradientPart.maximumRowCount, arguments.rowEnd &- rowBegin)
        self.column = column
        columnCount = lesser(width, arguments.shape.outputChannels &- column)
        self.width = width
        self.tileRows = tileRows
        hasBias = bias && rowBegin == 0
        offsets = scratch.assumingMemoryBound(to: Int.self)
        fillInputOffsets(arguments.shape, rowBegin, rowCount, offsets)
        var row = rowCount
        while row < tileCount &* tileRows {
            offsets[row] = offsets[rowCount &- 1]
            row &+= 1
        }
    }

    /// Copies a finished slot to a root of the gradient.
    @inline(always)
    func write(_ arguments: ConvolutionWeightGradientArguments, _ slot: UnsafePointer<Float>, root: Int) {
        let channels = arguments.shape.outputChannels
        let target = arguments.gradient + root &* arguments.rootStride
        copyRows(
            rows: rowCount, columns: columnCount, slot + width, rowStride: width,
            target + (rowBegin &* channels &+ column), rowStride: channels)
        if hasBias, let biasGradient = arguments.biasGradient {
            copyRows(
                rows: 1, columns: columnCount, slot, rowStride: width,
                biasGradient + (root &* arguments.rootStride &+ column), rowStride: channels)
        }
    }
}
