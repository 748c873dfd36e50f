/// The description of an execution unit before a pass has memory for it: sizes, parameters, and how to make it.
///
/// Each layer's file has its plans beside its units. What depends on the neighbours in the plan, such as a fused
/// activation, is a field that a pass of `Fusions` sets.
protocol UnitPlan: Sendable {
    /// For profiles: `Conv2D 3×3×32 + MaxPool2D`.
    var name: String { get }
    /// Floats of one sample's output.
    var outputCount: Int { get }
    /// Where the unit's parameters lie; nil for a unit without.
    var offsets: ParameterOffsets? { get }
    /// Two for each multiply-add of the forward pass.
    var forwardFLOPsPerSample: Int { get }
    /// Whether it needs the outputs of all samples before it computes any: such a unit begins a segment.
    var isSynchronized: Bool { get }
    /// Floats of the sums that workers agree on inside the unit: twice in the forward pass, once in the backward pass.
    var agreedSumCount: Int { get }
    /// Whether the backward pass uses the unit's output only to see where it is above zero, so that a dropout may
    /// overwrite it.
    var keepsOnlySigns: Bool { get }
    /// Whether the unit has no backward pass, because its forward pass computes all gradients.
    var isLoss: Bool { get }

    func makeUnit(_ site: UnitSite) -> any ExecutionUnit
}

extension UnitPlan {
    var offsets: ParameterOffsets? { nil }
    var forwardFLOPsPerSample: Int { 0 }
    var isSynchronized: Bool { false }
    var agreedSumCount: Int { 0 }
    var keepsOnlySigns: Bool { false }
    var isLoss: Bool { false }

    var isTrainable: Bool { offsets?.isTrainable ?? false }
    /// The buckets that hold the unit's parameters, in the order in which it computes their gradients; empty for a unit
    /// without trainable ones.
    var buckets: Range<Int> { offsets?.buckets ?? 0..<0 }
}
