internal import KernelInterface

/// The parts of a call's scratch memory.
struct WinogradMemory {
    /// Channels that go through the two stages of a transform together, so that the lines between stay in the
    /// first-level cache.
    @inline(always)
    static var chunk: Int { 64 }

    /// `chunk` floats of +0, the inputs beyond an image's edge.
    let zeros: UnsafeMutablePointer<Float>
    /// The lines between two stages: at most 6 × 6 of `chunk` channels.
    let lines: UnsafeMutablePointer<Float>
    /// The output gradients under a tile: at most 4 × 4 of `chunk` channels.
    let window: UnsafeMutablePointer<Float>
    /// `valueCount` floats for transformed tiles and sums.
    let values: UnsafeMutablePointer<Float>

    @inline(always)
    static var valueCount: Int { KernelTable.scratchByteCount / 4 &- (1 &+ 36 &+ 16) &* chunk }

    @inline(always)
    init(_ scratch: UnsafeMutableRawPointer) {
        let chunk = Self.chunk
        zeros = scratch.assumingMemoryBound(to: Float.self)
        lines = zeros + chunk
        window = lines + 36 &* chunk
        values = window + 16 &* chunk
        clearVectors(zeros, count: chunk)
    }
}

/// A block of transformed tiles: for each point a matrix of tiles × channels.
struct WinogradValues {
    var base: UnsafeMutablePointer<Float>
    /// Floats from one tile to the next.
    let tileStride: Int
    /// Floats from one point to the next: an odd number of cache lines, so that points do not share the sets of a
    /// cache.
    let pointStride: Int
    /// Floats from one panel of channels to the next, less the panel's width.
    let panelGap: Int

    /// Rows of channels, one tile after another.
    @inline(always)
    static func rows(_ base: UnsafeMutablePointer<Float>, tiles: Int, channels: Int) -> WinogradValues {
        let stride = rowStride(channels)
        return WinogradValues(
            base: base, tileStride: stride, pointStride: oddLineCount(tiles &* stride), panelGap: 0)
    }

    /// Panels of two vectors of channels; in a panel one tile after another.
    @inline(always)
    static func panels(_ base: UnsafeMutablePointer<Float>, tiles: Int, channels: Int) -> WinogradValues {
        let width = Panel.width
        let panelStride = tiles &* width
        return WinogradValues(
            base: base, tileStride: width,
            pointStride: oddLineCount((channels &+ width &- 1) / width &* panelStride), panelGap: panelStride &- width)
    }

    /// Floats of a row: whole vectors of the widest set, and a cache line apart from the next power of two.
    @inline(always)
    static func rowStride(_ channels: Int) -> Int { (channels &+ 15) & ~15 &+ 16 }

    /// `count` floats rounded up to an odd number of cache lines.
    @inline(always)
    static func oddLineCount(_ count: Int) -> Int { ((count &+ 15) / 16 | 1) &* 16 }

    /// Where point `point` of a tile's channels from `channel` (a multiple of a panel's width) goes, and the points
    /// after it.
    @inline(always)
    func target(tile: Int, point: Int, channel: Int) -> WinogradTarget {
        let panel = channel / Panel.width
        let offset = point &* pointStride &+ tile &* tileStride &+ channel &+ panel &* panelGap
        return WinogradTarget(base: base + offset, stride: pointStride, panelGap: panelGap)
    }

    /// Point `point` of a tile's channels from `channel`, and each `step`-th point after it.
    @inline(always)
    func source(tile: Int, point: Int, step: Int, channel: Int, _ memory: WinogradMemory) -> WinogradSource {
        WinogradSource(
            base: UnsafePointer(base) + (point &* pointStride &+ tile &* tileStride &+ channel),
            stride: step &* pointStride, zeros: memory.zeros)
    }
}

/// Walks over the tiles of a region in a run of samples: samples, then rows, then columns.
struct WinogradCursor {
    private(set) var sample = 0
    private(set) var tileRow = 0
    private(set) var tileColumn = 0
    private let region: WinogradRegion

    @inline(always)
    init(_ region: WinogradRegion, sample: Int) {
        self.region = region
        self.sample = sample
    }

    /// The tile's first output row and column.
    @inline(always)
    var row: Int { region.rows.first &+ tileRow &* region.rows.tileOutputs }
    @inline(always)
    var column: Int { region.columns.first &+ tileColumn &* region.columns.tileOutputs }

    @inline(always)
    mutating func advance() {
        tileColumn &+= 1
        guard tileColumn == region.columns.tileCount else { return }
        tileColumn = 0
        tileRow &+= 1
        guard tileRow == region.rows.tileCount else { return }
        tileRow = 0
        sample &+= 1
    }
}

/// Transforms the input under a tile, channels `channels`, to the points of the region: `Bᵀ·d·B`.
@inline(always)
func transformInputTile(
    _ shape: WinogradShape, _ region: WinogradRegion, _ input: UnsafePointer<Float>, _ cursor: WinogradCursor,
    channels: Range<Int>, _ values: WinogradValues, tile: Int, _ memory: WinogradMemory
) {
    let (down, across) = (region.rows.points, region.columns.points)
    let row = cursor.row &- shape.paddingTop
    let column = cursor.column &- shape.paddingLeft
    let rowStride = shape.inputWidth &* shape.inputChannels
    let corner = input + (cursor.sample &* shape.inputCount &+ row &* rowStride &+ column &* shape.inputChannels)
    var channel = channels.lowerBound
    while channel < channels.upperBound {
        let count = lesser(WinogradMemory.chunk, channels.upperBound &- channel)
        var source = WinogradSource(
            base: corner + channel, stride: rowStride, begin: 0 &- row, end: shape.inputHeight &- row,
            zeros: memory.zeros)
        let rows = (source.begin, source.end)
        var target = WinogradTarget(base: memory.lines, stride: WinogradMemory.chunk)
        var line = 0
        while line < across {
            let isInside = 0 <= column &+ line && column &+ line < shape.inputWidth
            (source.begin, source.end) = isInside ? rows : (0, 0)
            transformLine(.input, points: down, source, channels: count, target)
            source.base += shape.inputChannels
            target.base += down &* WinogradMemory.chunk
            line &+= 1
        }
        transformSecondStage(
            .input, region, lineCount: down, channels: count, values, tile: tile,
            channel: channel &- channels.lowerBound, memory)
        channel &+= count
    }
}

/// The second stage of a transform to points: from `lines`, `lineCount` lines across, to all points of a tile.
@inline(always)
private func transformSecondStage(
    _ transform: WinogradTransform, _ region: WinogradRegion, lineCount: Int, channels: Int, _ values: WinogradValues,
    tile: Int, channel: Int, _ memory: WinogradMemory
) {
    let across = region.columns.points
    let whole = wholeVectorCount(channels)
    var source = WinogradSource(
        base: UnsafePointer(memory.lines), stride: lineCount &* WinogradMemory.chunk, zeros: memory.zeros)
    var target = values.target(tile: tile, point: 0, channel: channel)
    var line = 0
    while line < lineCount {
        transformLine(transform, points: across, source, channels: whole, target)
        source.base += WinogradMemory.chunk
        target.base += across &* values.pointStride
        line &+= 1
    }
}

/// Transforms the gradient of a tile's outputs, channels `channels`, to the points of the region: `A·dy·Aᵀ`.
@inline(always)
func transformGradientTile(
    _ shape: WinogradShape, _ region: WinogradRegion, _ gradient: WinogradOutputGradient, _ cursor: WinogradCursor,
    channels: Range<Int>, _ values: WinogradValues, tile: Int, _ memory: WinogradMemory
) {
    let (down, outputs) = (region.rows.points, region.columns.tileOutputs)
    var channel = channels.lowerBound
    while channel < channels.upperBound {
        let count = lesser(WinogradMemory.chunk, channels.upperBound &- channel)
        var target = WinogradTarget(base: memory.lines, stride: WinogradMemory.chunk)
        var source: WinogradSource
        var validColumns = outputs
        var step = WinogradMemory.chunk
        if shape.isPooled {
            unpoolTile(shape, region, gradient, cursor, channel: channel, count: count, memory)
            source = WinogradSource(
                base: UnsafePointer(memory.window), stride: outputs &* WinogradMemory.chunk, zeros: memory.zeros)
        } else {
            let rowStride = shape.outputWidth &* shape.outputChannels
            let sample = gradient.values + cursor.sample &* shape.storedOutputCount
            source = WinogradSource(
                base: sample + (cursor.row &* rowStride &+ cursor.column &* shape.outputChannels &+ channel),
                stride: rowStride, end: shape.outputHeight &- cursor.row, zeros: memory.zeros)
            validColumns = shape.outputWidth &- cursor.column
            step = shape.outputChannels
        }
        var line = 0
        while line < outputs {
            if line >= validColumns { source.end = 0 }
            transformLine(.outputGradient, points: down, source, channels: count, target)
            source.base += step
            target.base += down &* WinogradMemory.chunk
            line &+= 1
        }
        transformSecondStage(
            .outputGradient, region, lineCount: down, channels: count, values, tile: tile,
            channel: channel &- channels.lowerBound, memory)
        channel &+= count
    }
}

/// Spreads the pooled gradients of a tile over its outputs: `window` is `[outputs down, outputs across, chunk]` then.
@inline(never)
private func unpoolTile(
    _ shape: WinogradShape, _ region: WinogradRegion, _ gradient: WinogradOutputGradient, _ cursor: WinogradCursor,
    channel: Int, count: Int, _ memory: WinogradMemory
) {
    guard let windowIndex = gradient.windowIndex else { return }
    let (down, across) = (region.rows.tileOutputs, region.columns.tileOutputs)
    let below = across &* WinogradMemory.chunk
    var row = 0
    while row < down {
        var column = 0
        while column < across {
            let position = (cursor.row &+ row) / 2 &* shape.pooledWidth &+ (cursor.column &+ column) / 2
            let offset =
                cursor.sample &* shape.storedOutputCount &+ position &* shape.outputChannels &+ channel
            let target = memory.window + (row &* below &+ column &* WinogradMemory.chunk)
            guard cursor.row &+ row < shape.computedHeight && cursor.column &+ column < shape.computedWidth else {
                clearWindow(target, below: below, count: count)
                column &+= 2
                continue
            }
            var lane = 0
            while lane < count {
                let lanes = count &- lane
                let flow = PooledFlow(
                    gradient.values + (offset &+ lane), windowIndex + (offset &+ lane), channelCount: lanes,
                    isWhole: lanes >= laneCount)
                storeVector(flow.gradient(at: 0), target + lane)
                storeVector(flow.gradient(at: 1), target + (lane &+ WinogradMemory.chunk))
                storeVector(flow.gradient(at: 2), target + (lane &+ below))
                storeVector(flow.gradient(at: 3), target + (lane &+ below &+ WinogradMemory.chunk))
                lane &+= laneCount
            }
            column &+= 2
        }
        row &+= 2
    }
}

/// The four outputs of a window beyond the edge.
@inline(always)
private func clearWindow(_ target: UnsafeMutablePointer<Float>, below: Int, count: Int) {
    var lane = 0
    while lane < count {
        storeVector(Vector.zero, target + lane)
        storeVector(Vector.zero, target + (lane &+ WinogradMemory.chunk))
        storeVector(Vector.zero, target + (lane &+ below))
        storeVector(Vector.zero, target + (lane &+ below &+ WinogradMemory.chunk))
        lane &+= laneCount
    }
}
