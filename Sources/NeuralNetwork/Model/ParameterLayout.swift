/// Where each tensor lies in the flat arena: in layer order, as each layer declares them, at multiples of 16 floats.
struct ParameterLayout {
    /// Floats to which tensors are aligned: 64 bytes, one cache line and one AVX-512 vector.
    static let alignment = 16

    /// A layer with fewer floats than this joins the next one that the backward pass finishes: a message's fixed cost
    /// outweighs what an earlier departure gains.
    static let smallBucketCount = 16 << 10

    /// A large tensor is cut into at most this many parts, so that the first is sent while the others are computed.
    private static let largestPartCount = 4

    /// The floats that a part has at least, but for what its granule takes.
    private static let smallestPartCount = 48 << 10

    private(set) var parameters: [ParameterDescription] = []
    private(set) var arenaCount = 0
    /// By layer index: the tensors of a layer that has some.
    private var layerParameters: [Int: Range<Int>] = [:]

    /// Lays out the tensors of checked layers. `inputs` has the shape that enters each layer.
    init(_ configuration: ModelConfiguration, inputs: [TensorShape]) {
        var names = ParameterNames()
        for (index, layer) in configuration.layers.enumerated() {
            guard let name = names.next(layer.layer) else { continue }
            let begin = parameters.count
            for declaration in layer.layer.parameters(for: inputs[index]) {
                let count = declaration.internalShape.reduce(1, *)
                parameters.append(
                    ParameterDescription(
                        name: "\(name).\(declaration.suffix)", arenaOffset: arenaCount, count: count,
                        internalShape: declaration.internalShape, torchShape: declaration.torchShape,
                        role: declaration.role, layerIndex: index, initialization: declaration.initialization,
                        torchLayout: declaration.torchLayout, regularization: declaration.regularization,
                        gradientGranule: declaration.gradientGranule))
                arenaCount += Self.aligned(count)
            }
            layerParameters[index] = begin..<parameters.count
        }
    }

    /// `count` rounded up to the alignment.
    static func aligned(_ count: Int) -> Int {
        (count + alignment - 1) / alignment * alignment
    }

    func parameters(ofLayer index: Int) -> ArraySlice<ParameterDescription> {
        layerParameters[index].map { parameters[$0] } ?? []
    }

    /// Groups layers from the output back, and cuts large ones; frozen ones are in no bucket. The first layer's bucket
    /// may be small: joining it to the one before would hold that back.
    func buckets() -> [Range<Int>] {
        var buckets: [Range<Int>] = []
        var open: Range<Int>?
        var nextStart = arenaCount
        let layers = layerParameters.values.compactMap { numbers in numbers.first.map { parameters[$0] } }
        for layer in layers.sorted(by: { $0.arenaOffset > $1.arenaOffset }) {
            let range = layer.arenaOffset..<nextStart
            nextStart = layer.arenaOffset
            if layer.role == .frozen {
                if let bucket = open { buckets.append(bucket) }
                open = nil
            } else {
                var bucket = range.lowerBound..<(open?.upperBound ?? range.upperBound)
                for cut in Self.cuts(through: layer).reversed() {
                    buckets.append(cut..<bucket.upperBound)
                    bucket = bucket.lowerBound..<cut
                }
                open = bucket.count >= Self.smallBucketCount ? nil : bucket
                if open == nil { buckets.append(bucket) }
            }
        }
        if let bucket = open { buckets.append(bucket) }
        return buckets
    }

    /// Where a tensor is cut into parts of about equal size, ascending, in the arena.
    private static func cuts(through tensor: ParameterDescription) -> [Int] {
        guard let granule = tensor.gradientGranule else { return [] }
        let partCount = max(1, min(largestPartCount, tensor.count / smallestPartCount))
        return (1..<partCount).map { tensor.arenaOffset + tensor.count * $0 / partCount / granule * granule }
    }
}

/// Torch-style names of layers with parameters: their own, or a stem with a number that counts the layers of the kind.
struct ParameterNames {
    private var counts: [String: Int] = [:]

    /// The name of the next layer; nil for a layer without parameters.
    mutating func next(_ layer: any Layer) -> String? {
        guard let stem = type(of: layer).names.parameterStem else { return nil }
        let count = counts[stem, default: 0] + 1
        counts[stem] = count
        return layer.name ?? "\(stem)\(count)"
    }
}

/// Where a layer's tensors lie in the arena, and which buckets these are.
struct ParameterOffsets: Sendable, Equatable {
    /// In the order of the layer's declarations.
    private let offsets: [Int]
    /// In the order of the backward pass; each but the last is complete with a part of this layer's gradients. Empty for
    /// a frozen layer, which is in none.
    let buckets: Range<Int>
    /// The layer's own floats in each of these buckets.
    let parts: [Range<Int>]
    let isTrainable: Bool

    /// Precondition: the layer has tensors; whether it is frozen is a property of the first.
    init(_ parameters: ArraySlice<ParameterDescription>, _ buckets: [Range<Int>]) {
        guard let first = parameters.first, let last = parameters.last else {
            preconditionFailure("the layer has no tensors")
        }
        offsets = parameters.map(\.arenaOffset)
        isTrainable = first.role == .trainable
        let range = first.arenaOffset..<last.arenaRange.upperBound
        let begin = buckets.firstIndex { $0.overlaps(range) } ?? 0
        let end = buckets.lastIndex { $0.overlaps(range) }.map { $0 + 1 } ?? begin
        self.buckets = begin..<end
        parts = buckets[begin..<end].map { $0.clamped(to: range) }
        precondition(!parts.isEmpty || !isTrainable, "buckets do not cover the arena")
    }

    subscript(index: Int) -> Int { offsets[index] }
}
