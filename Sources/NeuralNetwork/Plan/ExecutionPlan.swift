/// What a pass runs: the fused units, the segments between points of agreement, and the order of the backward pass.
struct ExecutionPlan: Sendable {
    /// One unit, with all that the pass asks of it.
    struct Node: Sendable {
        let unit: any UnitPlan
        let inputs: [PlanBuffer]
        let output: PlanBuffer
        let isSynchronized: Bool
    }

    /// A unit's part of the backward pass: a part of its parameter gradients, and after the last the gradient of its
    /// input.
    struct BackwardStep: Sendable {
        /// The unit's number.
        let node: Int
        let isTrainable: Bool
        /// Which part of the unit's parameter gradients this step computes.
        let part: Int
        /// The bucket that is complete when this part is.
        let finishedBucket: Int?
        /// The units whose output gradients this step computes; empty where no gradient of the input is needed, and
        /// before the last part.
        let producers: [Int]
    }

    let buffers: [PlanGraph.Buffer]
    let nodes: [Node]
    let logits: PlanBuffer
    /// Runs of units between points where threads and workers agree inside a pass: a synchronised unit begins one.
    let segments: [Range<Int>]
    /// From the output back: each unit that is trainable or reads what depends on a trainable unit.
    let backward: [BackwardStep]
    /// Whether the pass keeps a gradient of each buffer.
    let hasGradient: [Bool]
    let agreedSumCounts: [Int]
    let trainingFLOPsPerSample: Int

    init(_ graph: PlanGraph) {
        buffers = graph.buffers
        logits = graph.logits
        nodes = graph.nodes.map {
            Node(unit: $0.unit, inputs: $0.inputs, output: $0.output, isSynchronized: $0.unit.isSynchronized)
        }
        segments = Self.segments(of: nodes)
        let dependsOnTrainable = Self.dependsOnTrainable(nodes, bufferCount: buffers.count)
        backward = Self.backwardSteps(nodes, dependsOnTrainable)
        var hasGradient = dependsOnTrainable
        // The loss writes the gradient of the logits in any case.
        hasGradient[logits.index] = true
        self.hasGradient = hasGradient
        let counts = nodes.map(\.unit.agreedSumCount).filter { $0 > 0 }
        agreedSumCounts = counts.flatMap { [$0, $0] } + counts.reversed()
        trainingFLOPsPerSample = nodes.reduce(0) { sum, node in
            let gradientCount =
                (dependsOnTrainable[node.output.index] ? 1 : 0)
                + (node.inputs.contains { dependsOnTrainable[$0.index] } ? 1 : 0)
            return sum + node.unit.forwardFLOPsPerSample * (1 + gradientCount)
        }
    }

    private static func segments(of nodes: [Node]) -> [Range<Int>] {
        let begins = nodes.indices.filter { $0 > 0 && nodes[$0].isSynchronized }
        return zip([0] + begins, begins + [nodes.count]).map { $0..<$1 }
    }

    /// Whether each buffer depends on a trainable parameter.
    private static func dependsOnTrainable(_ nodes: [Node], bufferCount: Int) -> [Bool] {
        var result = [Bool](repeating: false, count: bufferCount)
        for node in nodes {
            result[node.output.index] = node.unit.isTrainable || node.inputs.contains { result[$0.index] }
        }
        return result
    }

    private static func backwardSteps(_ nodes: [Node], _ dependsOnTrainable: [Bool]) -> [BackwardStep] {
        nodes.indices.reversed().flatMap { index -> [BackwardStep] in
            let node = nodes[index]
            guard dependsOnTrainable[node.output.index], !node.unit.isLoss else { return [] }
            let producers = node.inputs.filter { dependsOnTrainable[$0.index] }.compactMap { buffer in
                nodes.firstIndex { $0.output == buffer }
            }
            let buckets = node.unit.buckets
            // A unit without parameters is one step as well.
            let partCount = max(1, buckets.count)
            return (0..<partCount).map { part in
                let finished = buckets.dropFirst(part).first.flatMap { bucket in
                    nodes[..<index].contains { $0.unit.buckets.contains(bucket) } ? nil : bucket
                }
                return BackwardStep(
                    node: index, isTrainable: node.unit.isTrainable, part: part, finishedBucket: finished,
                    producers: part == partCount - 1 ? producers : [])
            }
        }
    }
}
