internal import KernelInterface

/// Walks over the output positions of a run of samples in row order and points at the input corner of each.
struct ConvolutionCursor {
    var pointer: UnsafePointer<Float>
    private var column = 0
    private var row = 0
    private let columnCount: Int
    private let rowCount: Int
    private let columnStep: Int
    private let rowSkip: Int
    private let sampleSkip: Int

    /// `step` is 1 for every position, 2 for the upper left position of every pooling window.
    @inline(always)
    init(_ shape: ConvolutionShape, _ input: UnsafePointer<Float>, step: Int) {
        pointer = input
        columnCount = step == 2 ? shape.pooledWidth : shape.outputWidth
        rowCount = step == 2 ? shape.pooledHeight : shape.outputHeight
        columnStep = step &* shape.inputChannels
        let rowStep = step &* shape.inputWidth &* shape.inputChannels
        rowSkip = rowStep &- columnCount &* columnStep
        sampleSkip = shape.inputCount &- rowCount &* rowStep
    }

    @inline(always)
    mutating func advance() {
        pointer += columnStep
        column &+= 1
        guard column == columnCount else { return }
        column = 0
        pointer += rowSkip
        row &+= 1
        guard row == rowCount else { return }
        row = 0
        pointer += sampleSkip
    }
}

/// Fills `offsets[i]` with the distance from the input corner of an output position to the input that weight row
/// `rowBegin + i` meets.
@inline(always)
func fillInputOffsets(_ shape: ConvolutionShape, _ rowBegin: Int, _ count: Int, _ offsets: UnsafeMutablePointer<Int>) {
    let run = shape.kernelWidth &* shape.inputChannels
    let rowStride = shape.inputWidth &* shape.inputChannels
    var index = 0
    while index < count {
        let row = rowBegin &+ index
        let kernelRow = row / run
        offsets[index] = kernelRow &* rowStride &+ (row &- kernelRow &* run)
        index &+= 1
    }
}
