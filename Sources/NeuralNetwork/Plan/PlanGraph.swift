/// The units of a model in topological order, connected by the buffers that they read and write.
///
/// Layers append to it, fusions rewrite it, and `ExecutionPlan` derives from it what runs. A unit may read several
/// buffers. Each buffer is written by one unit and read by at most one: a layer that hands its input on twice has to
/// append a unit that copies it forward and adds the two gradients backward, so that no gradient accumulates in an
/// order that depends on the plan.
package struct PlanGraph {
    /// The output of one unit, for all samples of a pass.
    struct Buffer {
        /// Floats of one sample.
        var elementCount: Int
        /// The buffer whose memory this one shares; nil for its own memory.
        var sharedBuffer: PlanBuffer?
        /// Whether each sample keeps its place in evaluation too, where other buffers are reused for each block.
        var isKeptBySample = false
    }

    struct Node {
        var unit: any UnitPlan
        var inputs: [PlanBuffer]
        var output: PlanBuffer
    }

    /// The samples themselves.
    static let input = PlanBuffer(index: 0)

    private(set) var buffers: [Buffer]
    private(set) var nodes: [Node] = []
    /// What the loss reads.
    private(set) var logits = Self.input

    init(inputElementCount: Int) {
        buffers = [Buffer(elementCount: inputElementCount, isKeptBySample: true)]
    }

    /// Appends a unit and returns the buffer of its output.
    mutating func append(_ unit: any UnitPlan, inputs: PlanBuffer...) -> PlanBuffer {
        let output = PlanBuffer(index: buffers.count)
        buffers.append(Buffer(elementCount: unit.outputCount))
        nodes.append(Node(unit: unit, inputs: inputs, output: output))
        return output
    }

    /// Appends the last unit, the loss.
    mutating func appendLoss(_ unit: any UnitPlan, logits: PlanBuffer) {
        _ = append(unit, inputs: logits)
        keepLogits(logits)
    }

    /// The number of the node that writes a buffer; nil for the samples.
    func producer(of buffer: PlanBuffer) -> Int? { nodes.firstIndex { $0.output == buffer } }

    /// The number of the only node that reads a buffer, if that node reads nothing else.
    func soleConsumer(of buffer: PlanBuffer) -> Int? {
        nodes.firstIndex { $0.inputs == [buffer] }
    }

    /// Replaces a unit by one of the same inputs and output.
    mutating func replace(_ node: Int, with unit: any UnitPlan) {
        nodes[node].unit = unit
    }

    /// Merges `node` with the only reader of its output into one unit, which has the inputs of the first and the output
    /// of the second.
    mutating func merge(_ node: Int, with consumer: Int, into unit: any UnitPlan) {
        let merged = Node(unit: unit, inputs: nodes[node].inputs, output: nodes[consumer].output)
        let isLogits = nodes[consumer].inputs == [logits]
        nodes[consumer] = merged
        nodes.remove(at: node)
        if isLogits, let buffer = merged.inputs.first { keepLogits(buffer) }
    }

    /// Lets a unit write its output where its only input is.
    mutating func shareBuffer(_ node: Int) {
        buffers[nodes[node].output.index].sharedBuffer = nodes[node].inputs[0]
    }

    private mutating func keepLogits(_ buffer: PlanBuffer) {
        buffers[logits.index].isKeptBySample = logits == Self.input
        logits = buffer
        buffers[buffer.index].isKeptBySample = true
    }
}

/// A buffer of a plan.
package struct PlanBuffer: Sendable, Equatable {
    let index: Int
}
