/// The shape of what one layer gives the next, for one sample.
package enum TensorShape: Sendable, Equatable {
    /// Height, width, channels, in this order in memory.
    case image(ImageShape)
    /// An image read as one vector, in the order (height, width, channel) of its memory. Torch flattens in the order
    /// (channel, height, width): tensors with one value for each element are permuted when written and read.
    case flattened(ImageShape)
    /// A vector without an order in space, such as the output of a dense layer.
    case flat(Int)

    var elementCount: Int {
        switch self {
        case .image(let shape), .flattened(let shape): shape.elementCount
        case .flat(let count): count
        }
    }

    var dimensions: [Int] {
        switch self {
        case .image(let shape): [shape.height, shape.width, shape.channels]
        case .flattened(let shape): [shape.elementCount]
        case .flat(let count): [count]
        }
    }

    /// The extent of the last axis.
    var channelCount: Int {
        switch self {
        case .image(let shape): shape.channels
        case .flattened(let shape): shape.elementCount
        case .flat(let count): count
        }
    }

    /// How often the last axis repeats in a sample.
    var positionCount: Int { elementCount / channelCount }

    /// The image that a flattened vector was.
    var flattenedImage: ImageShape? {
        switch self {
        case .flattened(let image): image
        case .image, .flat: nil
        }
    }

    /// The image, for layers that take nothing else.
    var image: ImageShape {
        get throws(LayerProblem) {
            switch self {
            case .image(let image): return image
            case .flattened, .flat:
                throw LayerProblem(
                    "needs an image (height×width×channels) but gets \(text): put it before Flatten")
            }
        }
    }

    /// The image of a shape that was checked before.
    var checkedImage: ImageShape {
        guard case .image(let image) = self else { preconditionFailure("shapes were not checked") }
        return image
    }

    /// `13×13×32`, or `5408`.
    var text: String {
        dimensions.map(String.init).joined(separator: "×")
    }

    /// The largest number of elements of one tensor, so that no later product of sizes can overflow.
    static let elementLimit = 1 << 30

    /// The product of positive numbers, or nil above `elementLimit`.
    static func checkedProduct(_ factors: [Int]) -> Int? {
        var product = 1
        for factor in factors {
            let (value, overflow) = product.multipliedReportingOverflow(by: factor)
            guard !overflow, value <= elementLimit else { return nil }
            product = value
        }
        return product
    }
}

/// Height, width and channels of one image.
///
/// ```swift
/// let shape = ImageShape(height: 32, width: 32, channels: 3)
/// ```
public struct ImageShape: Sendable, Equatable {
    public var height: Int
    public var width: Int
    public var channels: Int

    public init(height: Int, width: Int, channels: Int) {
        self.height = height
        self.width = width
        self.channels = channels
    }

    package var elementCount: Int { height * width * channels }
}

/// Height and width of a kernel, a window or a stride. A number alone is a square.
///
/// ```swift
/// let layer = LayerConfiguration.convolution2D(filters: 8, kernel: Extent(height: 1, width: 5), stride: 2)
/// ```
public struct Extent: Sendable, Equatable, ExpressibleByIntegerLiteral {
    public var height: Int
    public var width: Int

    public init(height: Int, width: Int) {
        self.height = height
        self.width = width
    }

    public init(_ size: Int) {
        self.init(height: size, width: size)
    }

    public init(integerLiteral size: Int) { self.init(size) }
}
