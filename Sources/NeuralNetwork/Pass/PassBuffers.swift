internal import Glibc
internal import KernelInterface

/// The memory of a pass: what the caller sees, and the plan's buffers with their gradients.
final class PassBuffers: Sendable {
    let results: PassResults
    private let inputs: AlignedBuffer<Float>
    private let labels: AlignedBuffer<UInt8>
    private let losses: AlignedBuffer<Float>
    private let correct: AlignedBuffer<UInt8>
    private let predictions: AlignedBuffer<UInt8>
    private let probabilities: AlignedBuffer<Float>
    private let views: [BufferView]
    /// Keeps the memory of the views.
    private let memory: [AlignedBuffer<Float>]

    init(_ model: Model, sampleCapacity: Int) {
        let plan = model.plan
        labels = AlignedBuffer(count: sampleCapacity)
        losses = AlignedBuffer(count: sampleCapacity)
        correct = AlignedBuffer(count: sampleCapacity)
        predictions = AlignedBuffer(count: sampleCapacity)
        probabilities = AlignedBuffer(count: sampleCapacity * model.classCount)
        inputs = AlignedBuffer(count: sampleCapacity * model.inputElementCount)
        let floatCounts = Self.floatCounts(plan)
        var memory: [AlignedBuffer<Float>] = []
        var views: [BufferView] = []
        for (index, buffer) in plan.buffers.enumerated() {
            if let shared = buffer.sharedBuffer {
                views.append(views[shared.index])
                continue
            }
            var values = inputs
            if index != PlanGraph.input.index {
                values = AlignedBuffer(count: sampleCapacity * floatCounts[index].values)
                memory.append(values)
            }
            var gradient: AlignedBuffer<Float>?
            if floatCounts[index].gradient > 0 {
                let buffer = AlignedBuffer<Float>(count: sampleCapacity * floatCounts[index].gradient)
                memory.append(buffer)
                gradient = buffer
            }
            views.append(
                BufferView(
                    values: values.pointer, gradient: gradient?.pointer, count: buffer.elementCount,
                    isKeptBySample: buffer.isKeptBySample))
        }
        self.memory = memory
        self.views = views
        results = PassResults(
            inputs: inputs.pointer, labels: labels.pointer, logits: views[plan.logits.index].values,
            probabilities: probabilities.pointer, losses: losses.pointer, predictions: predictions.pointer,
            correct: correct.pointer)
    }

    /// Floats of one sample in the own memory of each of the plan's buffers; 0 where it has none.
    private static func floatCounts(_ plan: ExecutionPlan) -> [(values: Int, gradient: Int)] {
        // Fusions leave buffers that no unit writes; they get no memory.
        let written = Set(plan.nodes.map(\.output.index))
        return plan.buffers.enumerated().map { index, buffer in
            guard buffer.sharedBuffer == nil, written.contains(index) else { return (0, 0) }
            return (buffer.elementCount, plan.hasGradient[index] ? buffer.elementCount : 0)
        }
    }

    /// Bytes of the buffers for so many samples, without what units keep for themselves.
    static func byteCount(_ model: Model, sampleCapacity: Int) -> Int {
        let buffers = floatCounts(model.plan).reduce(0) { $0 + $1.values + $1.gradient }
        // Beside them inputs, probabilities and a loss, and a label, a prediction and a hit.
        let floatCount = buffers + model.inputElementCount + model.classCount + 1
        return sampleCapacity * (floatCount * MemoryLayout<Float>.stride + 3)
    }

    func makeUnits(
        _ plan: ExecutionPlan, capacity: PassCapacity, kernels: KernelTable, seed: UInt64
    ) -> [any ExecutionUnit] {
        plan.nodes.map { node in
            node.unit.makeUnit(
                UnitSite(
                    inputs: node.inputs.map { views[$0.index] }, output: views[node.output.index], capacity: capacity,
                    kernels: kernels, seed: seed, results: results))
        }
    }
}

extension Model {
    /// Bytes that a pass over so many samples takes at least.
    package func passByteCount(sampleCapacity: Int) -> Int {
        PassBuffers.byteCount(self, sampleCapacity: sampleCapacity)
    }
}

/// What the caller of a pass fills and reads, by sample number.
struct PassResults: @unchecked Sendable {
    // Sendable: plain addresses of memory that the pass owns.
    let inputs: UnsafeMutablePointer<Float>
    let labels: UnsafeMutablePointer<UInt8>
    let logits: UnsafeMutablePointer<Float>
    let probabilities: UnsafeMutablePointer<Float>
    let losses: UnsafeMutablePointer<Float>
    let predictions: UnsafeMutablePointer<UInt8>
    let correct: UnsafeMutablePointer<UInt8>
}

/// For how much a pass has memory.
struct PassCapacity: Sendable {
    let sampleCount: Int
    let threadCount: Int
    /// Samples that go through the units together, so that their activations stay in a core's cache. Never changes a
    /// bit.
    let blockSampleCount: Int

    /// A multiple of 14, the rows of the widest register tile, whose largest activations stay below 640 KiB; 14 at
    /// least.
    static func blockSampleCount(of plan: ExecutionPlan) -> Int {
        let largest = plan.nodes.map(\.unit.outputCount).max() ?? 1
        let bytesPerSample = largest * MemoryLayout<Float>.stride
        return min(max((640 << 10) / bytesPerSample / 14, 1), 8) * 14
    }
}

/// Zeroed memory that starts at a multiple of 64 bytes and lives as long as the object.
///
/// Parameters, gradients and optimizer slots are buffers of one layout, `Model.arenaCount` floats each.
package final class AlignedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
    // Sendable: the object itself never changes; its owner decides which thread writes which elements when.
    package let pointer: UnsafeMutablePointer<Element>
    package let count: Int

    package init(count: Int) {
        precondition(count >= 0, "a buffer cannot have a negative size")
        let byteCount = max(count, 1) * MemoryLayout<Element>.stride
        let isLarge = byteCount >= Self.hugePageByteCount
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: byteCount, alignment: isLarge ? Self.hugePageByteCount : 64)
        // Kernels read samples that lie pages apart; with small pages most of their time goes into translating
        // addresses. A kernel without huge pages refuses, which changes nothing else.
        if isLarge { madvise(memory, byteCount, MADV_HUGEPAGE) }
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
        pointer = memory.assumingMemoryBound(to: Element.self)
        self.count = count
    }

    deinit { UnsafeMutableRawPointer(pointer).deallocate() }

    /// The size of a huge page on x86-64.
    private static var hugePageByteCount: Int { 2 << 20 }
}
