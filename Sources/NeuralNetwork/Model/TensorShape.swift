/// The shape of what one layer gives the next, for one sample.
enum TensorShape: Sendable, Equatable {
    /// Height, width, channels, in this order in memory.
    case image(ImageShape)
    case flat(Int)

    var elementCount: Int {
        switch self {
        case .image(let shape): shape.elementCount
        case .flat(let count): count
        }
    }

    var dimensions: [Int] {
        switch self {
        case .image(let shape): [shape.height, shape.width, shape.channels]
        case .flat(let count): [count]
        }
    }

    /// `13×13×32`, or `5408`.
    var text: String {
        dimensions.map(String.init).joined(separator: "×")
    }
}

extension TensorShape {
    /// The extent of the last axis.
    var channelCount: Int {
        switch self {
        case .image(let shape): shape.channels
        case .flat(let count): count
        }
    }

    /// How often the last axis repeats in a sample.
    var positionCount: Int { elementCount / channelCount }
}
