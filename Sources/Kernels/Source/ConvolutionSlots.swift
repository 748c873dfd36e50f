internal import KernelInterface

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
    func clear() {
        var index = 0
        while index < floatCount {
            storeVector(Vector.zero, current + index)
            index &+= laneCount
        }
    }

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
        copyRows(rowCount, columnCount, slot + width, width, target + (rowBegin &* channels &+ column), channels)
        if hasBias, let biasGradient = arguments.biasGradient {
            copyRows(1, columnCount, slot, width, biasGradient + (root &* arguments.rootStride &+ column), channels)
        }
    }
}
