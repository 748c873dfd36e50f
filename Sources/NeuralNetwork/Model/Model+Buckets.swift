extension Model {
    /// A layer with fewer floats than this joins the next one that the backward pass finishes: a message's fixed cost
    /// outweighs what an earlier departure gains.
    static let smallBucketCount = 16 << 10

    /// Groups layers from the output back; frozen ones are in no bucket. The first layer's bucket may be small: joining
    /// it to the one before would hold that back.
    static func buckets(of layout: ParameterLayout) -> [Range<Int>] {
        var buckets: [Range<Int>] = []
        var open: Range<Int>?
        var nextStart = layout.arenaCount
        let layers = layout.layerParameters.values.compactMap { numbers in numbers.first.map { layout.parameters[$0] } }
        for layer in layers.sorted(by: { $0.arenaOffset > $1.arenaOffset }) {
            let range = layer.arenaOffset..<nextStart
            nextStart = layer.arenaOffset
            if layer.role == .frozen {
                if let bucket = open { buckets.append(bucket) }
                open = nil
            } else {
                let bucket = range.lowerBound..<(open?.upperBound ?? range.upperBound)
                open = bucket.count >= smallBucketCount ? nil : bucket
                if open == nil { buckets.append(bucket) }
            }
        }
        if let bucket = open { buckets.append(bucket) }
        return buckets
    }
}
