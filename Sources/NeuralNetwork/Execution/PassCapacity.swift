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
        let largest = plan.units.map(\.outputCount).max() ?? 1
        let bytesPerSample = largest * MemoryLayout<Float>.stride
        return min(max((640 << 10) / bytesPerSample / 14, 1), 8) * 14
    }
}
