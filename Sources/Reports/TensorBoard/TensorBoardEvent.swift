import Core

/// One entry of a TensorBoard event file: a time, a step and what was measured.
///
/// A file is a sequence of records: length (8 bytes), its masked checksum, the data (an `Event` message), its masked
/// checksum; all little-endian. A masked checksum is the CRC-32C, rotated right by 15 bits, plus a constant.
package struct TensorBoardEvent: Sendable {
    enum Content: Sendable {
        /// The first event of each file.
        case fileVersion
        /// A process takes up writing: events of this step and later ones in older files are void.
        case sessionStart
        /// The message GraphDef of the run's model.
        case graph([UInt8])
        case summary([TensorBoardValue])
    }

    /// Seconds since 1970.
    var wallTime: Double
    /// Epochs count from 0, as Keras counts them; steps are counted when they are complete.
    var step: Int
    var content: Content

    private static let version = "brain.Event:2"

    /// The `Event` message.
    private var message: [UInt8] {
        var event = ProtocolBufferWriter()
        event.add(1, double: wallTime)
        if step != 0 { event.add(2, integer: Int64(step)) }
        switch content {
        case .fileVersion: event.add(3, text: Self.version)
        case .graph(let message): event.add(4, bytes: message)
        case .summary(let values):
            event.add(5) { summary in
                for value in values { summary.add(1) { value.add(to: &$0) } }
            }
        case .sessionStart: event.add(7) { $0.add(1, integer: 1) }
        }
        return event.bytes
    }

    /// The event as a record of a file.
    package var record: [UInt8] {
        let data = message
        var writer = ByteWriter()
        writer.append(UInt64(data.count))
        let length = writer.bytes
        writer.append(Self.maskedChecksum(of: length))
        writer.append(contentsOf: data)
        writer.append(Self.maskedChecksum(of: data))
        return writer.bytes
    }

    static func maskedChecksum(of bytes: [UInt8]) -> UInt32 {
        let checksum = CRC32C.checksum(bytes)
        return (checksum >> 15 | checksum << 17) &+ 0xA282_EAD8
    }
}

/// A measured value under its tag.
package struct TensorBoardValue: Sendable {
    enum Content: Sendable {
        case scalar(Double)
        case histogram(ValueHistogram)
        /// A PNG file.
        case image([UInt8])
        /// Markdown.
        case text(String)
    }

    var tag: String
    var content: Content

    /// Adds the fields of a `Summary.Value` message.
    fileprivate func add(to value: inout ProtocolBufferWriter) {
        value.add(1, text: tag)
        switch content {
        case .scalar(let number): value.add(2, float: Float(number))
        case .histogram(let histogram): value.add(5) { histogram.add(to: &$0) }
        case .image(let png):
            let size = PNGSize(png)
            value.add(4) { image in
                image.add(1, integer: Int64(size.height))
                image.add(2, integer: Int64(size.width))
                image.add(3, integer: 3)
                image.add(4, bytes: png)
            }
        case .text(let markdown):
            // A tensor of one string, marked for the text dashboard.
            value.add(8) { tensor in
                tensor.add(1, integer: 7)
                tensor.add(2) { shape in shape.add(2) { $0.add(1, integer: 1) } }
                tensor.add(8, text: markdown)
            }
            value.add(9) { metadata in
                metadata.add(1) { $0.add(1, text: "text") }
                metadata.add(4, integer: 2)
            }
        }
    }
}

/// Width and height from the header of a PNG file.
private struct PNGSize {
    let width: Int
    let height: Int

    init(_ png: [UInt8]) {
        func number(at offset: Int) -> Int {
            guard png.count >= offset + 4 else { return 0 }
            return png[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
        }
        (width, height) = (number(at: 16), number(at: 20))
    }
}

/// How often values lie between some limits, for TensorBoard's histograms.
package struct ValueHistogram: Sendable, Equatable {
    static let bucketCount = 50

    private(set) var minimum = 0.0
    private(set) var maximum = 0.0
    private(set) var count = 0
    private(set) var sum = 0.0
    private(set) var sumOfSquares = 0.0
    /// The upper limits of the buckets, ascending.
    private(set) var limits: [Double] = []
    private(set) var counts: [Double] = []

    /// Equal buckets from the smallest to the largest value; values that are not finite are left out.
    package init(_ values: [Float]) {
        let numbers = values.lazy.filter(\.isFinite).map { Double($0) }
        guard let low = numbers.min(), let high = numbers.max() else { return }
        (minimum, maximum) = (low, high)
        // One value alone still needs a bucket of some width.
        let width = max((high - low) / Double(Self.bucketCount), 1e-12)
        limits = (1...Self.bucketCount).map { low + width * Double($0) }
        counts = [Double](repeating: 0, count: Self.bucketCount)
        for number in numbers {
            count += 1
            sum += number
            sumOfSquares += number * number
            counts[min(Int((number - low) / width), Self.bucketCount - 1)] += 1
        }
    }

    /// Adds the fields of a `HistogramProto` message.
    fileprivate func add(to message: inout ProtocolBufferWriter) {
        message.add(1, double: minimum)
        message.add(2, double: maximum)
        message.add(3, double: Double(count))
        message.add(4, double: sum)
        message.add(5, double: sumOfSquares)
        message.add(6, packed: limits)
        message.add(7, packed: counts)
    }
}
