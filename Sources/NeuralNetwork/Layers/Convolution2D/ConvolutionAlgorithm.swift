internal import KernelInterface

/// How a convolution with stride 1 is computed: a pure function of its shape, never of a measurement, because it
/// decides the bits.
enum ConvolutionAlgorithm: Equatable {
    case direct
    case winograd(WinogradShape)

    /// Winograd's algorithm where it takes fewer operations: 3×3, at least 16 input and 16 output channels, and not so
    /// small an output that most of its tiles lie beyond the edge.
    ///
    /// `shape` has the padding in its input.
    init(_ shape: ConvolutionShape, padding: ImagePadding, isPooled: Bool) {
        self = .direct
        guard shape.kernelHeight == 3, shape.kernelWidth == 3,
            min(shape.inputChannels, shape.outputChannels) >= Self.channelMinimum,
            shape.inputChannels + shape.outputChannels <= WinogradShape.channelLimit
        else { return }
        let winograd = WinogradShape(shape, padding: padding, isPooled: isPooled)
        guard winograd.computedHeight > 0, winograd.computedWidth > 0 else { return }
        let pairs = shape.inputChannels * shape.outputChannels
        let directCount = 9 * winograd.computedHeight * winograd.computedWidth * pairs
        let transforms = Self.transformCost * (shape.inputChannels + shape.outputChannels)
        if winograd.pointCount * (pairs + transforms) < directCount { self = .winograd(winograd) }
    }

    private static let channelMinimum = 16
    /// What the transforms of a channel cost at one point, counted in products.
    private static let transformCost = 20
}

extension WinogradShape {
    fileprivate init(_ shape: ConvolutionShape, padding: ImagePadding, isPooled: Bool) {
        self.init(
            inputHeight: shape.inputHeight - padding.top - padding.bottom,
            inputWidth: shape.inputWidth - padding.left - padding.right, inputChannels: shape.inputChannels,
            paddingTop: padding.top, paddingLeft: padding.left, outputHeight: shape.outputHeight,
            outputWidth: shape.outputWidth, outputChannels: shape.outputChannels, isPooled: isPooled)
    }
}
