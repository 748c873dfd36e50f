/// Where the vectors of a line lie: vector k at `base + k · stride`; outside `begin ..< end` it is +0.
struct WinogradSource {
    var base: UnsafePointer<Float>
    var stride: Int
    var begin = 0
    var end = 6
    /// `WinogradMemory.chunk` floats of +0.
    var zeros: UnsafePointer<Float>

    /// Where vector k lies.
    @inline(always)
    func pointer(_ k: Int) -> UnsafePointer<Float> {
        begin <= k && k < end ? base + k &* stride : zeros
    }
}

/// The addresses of a line's vectors.
struct WinogradPointers {
    private let p0: UnsafePointer<Float>
    private let p1: UnsafePointer<Float>
    private let p2: UnsafePointer<Float>
    private let p3: UnsafePointer<Float>
    private let p4: UnsafePointer<Float>
    private let p5: UnsafePointer<Float>

    @inline(always)
    init(_ source: WinogradSource) {
        p0 = source.pointer(0)
        p1 = source.pointer(1)
        p2 = source.pointer(2)
        p3 = source.pointer(3)
        p4 = source.pointer(4)
        p5 = source.pointer(5)
    }

    /// The vectors at `offset`; `count` is a literal.
    @inline(always)
    func load(_ count: Int, _ offset: Int) -> WinogradLine {
        var line = WinogradLine()
        line.v0 = loadVector(p0 + offset)
        line.v1 = loadVector(p1 + offset)
        if count > 2 { line.v2 = loadVector(p2 + offset) }
        if count > 3 { line.v3 = loadVector(p3 + offset) }
        if count > 4 { line.v4 = loadVector(p4 + offset) }
        if count > 5 { line.v5 = loadVector(p5 + offset) }
        return line
    }

    /// As `load`, the first `lanes` lanes alone.
    @inline(always)
    func load(_ count: Int, _ offset: Int, lanes: Int) -> WinogradLine {
        var line = WinogradLine()
        line.v0 = loadVector(p0 + offset, count: lanes)
        line.v1 = loadVector(p1 + offset, count: lanes)
        if count > 2 { line.v2 = loadVector(p2 + offset, count: lanes) }
        if count > 3 { line.v3 = loadVector(p3 + offset, count: lanes) }
        if count > 4 { line.v4 = loadVector(p4 + offset, count: lanes) }
        if count > 5 { line.v5 = loadVector(p5 + offset, count: lanes) }
        return line
    }
}

extension WinogradLine {
    /// Vector k; k is a literal.
    @inline(always)
    subscript(unchecked k: Int) -> Vector {
        switch k {
        case 0: v0
        case 1: v1
        case 2: v2
        case 3: v3
        case 4: v4
        default: v5
        }
    }

    /// Stores the first `count` vectors `stride` apart; `count` is a literal.
    @inline(always)
    func store(_ count: Int, _ target: UnsafeMutablePointer<Float>, stride: Int) {
        storeVector(v0, target)
        storeVector(v1, target + stride)
        if count > 2 { storeVector(v2, target + 2 &* stride) }
        if count > 3 { storeVector(v3, target + 3 &* stride) }
        if count > 4 { storeVector(v4, target + 4 &* stride) }
        if count > 5 { storeVector(v5, target + 5 &* stride) }
    }
}

/// Where transformed values of a run of channels go: point k of the line at `base + k · stride`.
struct WinogradTarget {
    var base: UnsafeMutablePointer<Float>
    var stride: Int
    /// Floats from one panel of two vectors of channels to the next, less the panel's width; 0 for consecutive
    /// channels.
    var panelGap = 0

    /// The offset of a channel.
    @inline(always)
    func offset(_ channel: Int) -> Int { channel &+ channel / (2 &* laneCount) &* panelGap }
}

/// Transforms a line of `channels` channels; behind the last one whole vectors are written, but nothing is read.
///
/// Each pair of transform and points is a function of its own: the loops would else be copied to every use.
@inline(always)
func transformLine(
    _ transform: WinogradTransform, points: Int, _ source: WinogradSource, channels: Int, _ target: WinogradTarget
) {
    switch (transform, points) {
    case (.input, 6): transformInput6(source, channels, target)
    case (.input, _): transformInput4(source, channels, target)
    case (.output, 6): transformOutput6(source, channels, target)
    case (.output, _): transformOutput4(source, channels, target)
    case (.outputGradient, 6): transformOutputGradient6(source, channels, target)
    case (.outputGradient, _): transformOutputGradient4(source, channels, target)
    case (.inputGradient, 6): transformInputGradient6(source, channels, target)
    case (.inputGradient, _): transformInputGradient4(source, channels, target)
    case (.weight, 6): transformWeight6(source, channels, target)
    case (.weight, _): transformWeight4(source, channels, target)
    case (.weightGradient, 6): transformWeightGradient6(source, channels, target)
    case (.weightGradient, _): transformWeightGradient4(source, channels, target)
    }
}

@inline(always)
private func transformChannels(
    _ transform: WinogradTransform, _ points: Int, _ source: WinogradSource, _ channels: Int, _ target: WinogradTarget
) {
    let pointers = WinogradPointers(source)
    var channel = 0
    while channel &+ laneCount <= channels {
        let line = transform.apply(pointers.load(transform.sourceCount(points), channel), points)
        line.store(transform.resultCount(points), target.base + target.offset(channel), stride: target.stride)
        channel &+= laneCount
    }
    guard channel < channels else { return }
    let line = pointers.load(transform.sourceCount(points), channel, lanes: channels &- channel)
    transform.apply(line, points)
        .store(transform.resultCount(points), target.base + target.offset(channel), stride: target.stride)
}

@inline(never)
private func transformInput6(_ source: WinogradSource, _ channels: Int, _ target: WinogradTarget) {
    transformChannels(.input, 6, source, channels, target)
}

@inline(never)
private func transformInput4(_ source: WinogradSource, _ channels: Int, _ target: WinogradTarget) {
    transformChannels(.input, 4, source, channels, target)
}

@inline(never)
private func transformOutput6(_ source: WinogradSource, _ channels: Int, _ target: WinogradTarget) {
    transformChannels(.output, 6, source, channels, target)
}

@inline(never)
private func transformOutput4(_ source: WinogradSource, _ channels: Int, _ target: WinogradTarget) {
    transformChannels(.output, 4, source, channels, target)
}

@inline(never)
private func transformOutputGradient6(_ source: WinogradSource, _ channels: Int, _ target: WinogradTarget) {
    transformChannels(.outputGradient, 6, source, channels, target)
}

@inline(never)
private func transformOutputGradient4(_ source: WinogradSource, _ channels: Int, _ target: WinogradTarget) {
    transformChannels(.outputGradient, 4, source, channels, target)
}

@inline(never)
private func transformInputGradient6(_ source: WinogradSource, _ channels: Int, _ target: WinogradTarget) {
    transformChannels(.inputGradient, 6, source, channels, target)
}

@inline(never)
private func transformInputGradient4(_ source: WinogradSource, _ channels: Int, _ target: WinogradTarget) {
    transformChannels(.inputGradient, 4, source, channels, target)
}

@inline(never)
private func transformWeight6(_ source: WinogradSource, _ channels: Int, _ target: WinogradTarget) {
    transformChannels(.weight, 6, source, channels, target)
}

@inline(never)
private func transformWeight4(_ source: WinogradSource, _ channels: Int, _ target: WinogradTarget) {
    transformChannels(.weight, 4, source, channels, target)
}

@inline(never)
private func transformWeightGradient6(_ source: WinogradSource, _ channels: Int, _ target: WinogradTarget) {
    transformChannels(.weightGradient, 6, source, channels, target)
}

@inline(never)
private func transformWeightGradient4(_ source: WinogradSource, _ channels: Int, _ target: WinogradTarget) {
    transformChannels(.weightGradient, 4, source, channels, target)
}
