extension Model {
    /// A layer with fewer floats than this joins the next one that the backward pass finishes: a message's fixed cost
    /// outweighs what an earlier departure gains.
    static let smallBucketCount = 16 << 10

    /// Groups layers from the output back. The first layer's bucket may be small: joining it to the one before would
    /// hold that back.
    static func buckets(of layout: ParameterLayout) -> [Range<Int>] {
        var buckets: [Range<Int>] = []
        var end = layout.arenaCount
        let starts = layout.layerParameters.values.compactMap(\.first).map { layout.parameters[$0].arenaOffset }
        for start in starts.sorted(by: >) where end - start >= smallBucketCount || start == 0 {
            buckets.append(start..<end)
            end = start
        }
        return buckets
    }
}
