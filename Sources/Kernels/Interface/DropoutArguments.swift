/// Inverted dropout: `output[s, e] = input[s, e] · scale` where the element is kept, +0 where it is dropped. The same
/// call on gradients is the way back.
///
/// Element e of sample s is kept if its 16-bit draw is at least `threshold`. The draw comes from Philox 4×32-10 with
/// the seed
/// as its key and the counter `(e / 8, firstPosition + s, step, purpose << 16 | layer)`: word k of the block holds the draws of
/// elements 8b + 2k (low half) and 8b + 2k + 1 (high half). So it does not depend on which worker computes the element.
@frozen
public struct DropoutArguments {
    public var sampleCount: Int
    /// Elements of one sample, packed.
    public var elementCount: Int
    /// The place of sample 0 in the global batch; the samples follow one another.
    public var firstPosition: UInt32
    public var step: UInt32
    public var seed: UInt64
    public var layer: UInt16
    public var purpose: UInt16
    /// The share that is dropped, times 2¹⁶: 0 keeps everything, 65,536 nothing.
    public var threshold: UInt32
    /// The factor of the kept elements: 1 / (1 − rate).
    public var scale: Float
    public var input: UnsafePointer<Float>
    /// May be `input`.
    public var output: UnsafeMutablePointer<Float>

    @inlinable
    public init(
        sampleCount: Int, elementCount: Int, firstPosition: UInt32, step: UInt32, seed: UInt64, layer: UInt16,
        purpose: UInt16, threshold: UInt32, scale: Float, input: UnsafePointer<Float>,
        output: UnsafeMutablePointer<Float>
    ) {
        self.sampleCount = sampleCount
        self.elementCount = elementCount
        self.firstPosition = firstPosition
        self.step = step
        self.seed = seed
        self.layer = layer
        self.purpose = purpose
        self.threshold = threshold
        self.scale = scale
        self.input = input
        self.output = output
    }
}
