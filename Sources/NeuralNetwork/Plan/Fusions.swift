/// Passes over the plan that merge units where that saves a pass over memory. No fusion changes a bit, except that a
/// convolution by Winograd's algorithm cuts its output into other tiles when a pooling reads only a part of it.
///
/// Each looks for a pattern of neighbours, so that layers and units need not know of one another. Flatten needs no
/// fusion: `[height, width, channels]` is flat in memory already, so it appends no unit.
enum Fusions {
    static func apply(to graph: inout PlanGraph) {
        fuseLossWithActivation(&graph)
        fuseReLU(&graph)
        fuseConvolutionWithPooling(&graph)
        shareDropoutBuffers(&graph)
    }

    /// The loss takes the logits: its gradient through softmax or sigmoid has a simpler form than the two in turn.
    private static func fuseLossWithActivation(_ graph: inout PlanGraph) {
        rewritePairs(&graph) { (activation: ActivationPlan, loss: LossPlan) in
            loss.applying(activation.activation)
        }
    }

    /// Convolutions and dense layers apply ReLU in their kernels' epilogue.
    private static func fuseReLU(_ graph: inout PlanGraph) {
        rewritePairs(&graph) { (convolution: ConvolutionPlan, activation: ActivationPlan) in
            activation.activation == .relu ? convolution.applyingReLU() : nil
        }
        rewritePairs(&graph) { (convolution: StridedConvolutionPlan, activation: ActivationPlan) in
            activation.activation == .relu ? convolution.applyingReLU() : nil
        }
        rewritePairs(&graph) { (dense: DensePlan, activation: ActivationPlan) in
            activation.activation == .relu ? dense.applyingReLU() : nil
        }
    }

    /// A convolution with stride 1 and the 2×2 max-pooling behind it: the unpooled output never goes to memory.
    private static func fuseConvolutionWithPooling(_ graph: inout PlanGraph) {
        rewritePairs(&graph) { (convolution: ConvolutionPlan, _: TwoByTwoMaxPoolPlan) in
            convolution.isPooled ? nil : convolution.pooled()
        }
    }

    /// Dropout overwrites its input where the backward pass of the unit before it needs no more than signs.
    private static func shareDropoutBuffers(_ graph: inout PlanGraph) {
        for node in graph.nodes.indices {
            guard let dropout = graph.nodes[node].unit as? DropoutPlan,
                let producer = graph.producer(of: graph.nodes[node].inputs[0]),
                graph.nodes[producer].unit.keepsOnlySigns
            else { continue }
            graph.replace(node, with: dropout.inPlace())
            graph.shareBuffer(node)
        }
    }

    /// Replaces each pair of a unit and the only reader of its output for which `merged` is not nil.
    private static func rewritePairs<First: UnitPlan, Second: UnitPlan>(
        _ graph: inout PlanGraph, _ merged: (First, Second) -> (any UnitPlan)?
    ) {
        var node = 0
        while node < graph.nodes.count {
            if let first = graph.nodes[node].unit as? First,
                let consumer = graph.soleConsumer(of: graph.nodes[node].output),
                let second = graph.nodes[consumer].unit as? Second, let unit = merged(first, second)
            {
                graph.merge(node, with: consumer, into: unit)
            } else {
                node += 1
            }
        }
    }
}
