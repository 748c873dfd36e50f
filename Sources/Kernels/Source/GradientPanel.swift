import KernelInterface

/// A panel of the output gradient: in place, or packed into scratch as a whole, or, if there are too many samples for that,
/// packed piece by piece each time it is read.
struct GradientPanel {
    /// Samples that fit into the packed panel.
    @inline(__always)
    static var capacity: Int { 8192 }

    enum Form {
        case inPlace
        case packed
        case pieces
    }

    var form: Form
    var columns: Int
    /// The panel's first column in sample 0.
    var source: UnsafePointer<Float>
    var sourceRowStride: Int
    var scratch: UnsafeMutablePointer<Float>
    /// The first sample in `scratch` when all are packed.
    var firstSample: Int
    /// Floats from sample to sample where `samples(from:count:)` points.
    var rowStride: Int

    @inline(__always)
    init(
        _ arguments: GradientProductArguments, samples: Range<Int>, column: Int, columns: Int,
        _ scratch: UnsafeMutablePointer<Float>
    ) {
        let width = Panel.vectors(for: columns) &* laneCount
        self.columns = columns
        source = arguments.outputGradient + column
        sourceRowStride = arguments.outputGradientRowStride
        self.scratch = scratch
        firstSample = samples.lowerBound
        let count = samples.upperBound &- samples.lowerBound
        if columns == width && (sourceRowStride == width || count > Self.capacity) {
            form = .inPlace
            rowStride = sourceRowStride
            return
        }
        rowStride = width
        form = count > Self.capacity ? .pieces : .packed
        if form == .packed {
            packPanel(
                rows: count, columns: columns, source + firstSample &* sourceRowStride, rowStride: sourceRowStride,
                scratch)
        }
    }

    /// Where samples `begin ..< begin + count` are.
    @inline(__always)
    func samples(from begin: Int, count: Int) -> UnsafePointer<Float> {
        switch form {
        case .inPlace: return source + begin &* sourceRowStride
        case .packed: return UnsafePointer(scratch) + (begin &- firstSample) &* rowStride
        case .pieces:
            packPanel(
                rows: count, columns: columns, source + begin &* sourceRowStride, rowStride: sourceRowStride, scratch)
            return UnsafePointer(scratch)
        }
    }
}
