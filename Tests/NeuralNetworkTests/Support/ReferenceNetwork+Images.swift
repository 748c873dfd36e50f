@testable import NeuralNetwork

extension ReferenceNetwork {
    /// The positions of a window along one axis: the first input position of each output position.
    private static func starts(_ size: Int, window: Int, stride: Int, _ padding: Padding) -> [Int] {
        guard padding == .same else { return Array(Swift.stride(from: 0, through: size - window, by: stride)) }
        let count = (size + stride - 1) / stride
        let total = max((count - 1) * stride + window - size, 0)
        return (0..<count).map { $0 * stride - total / 2 }
    }

    private static func imageShape(_ shape: TensorShape) -> ImageShape {
        guard case .image(let image) = shape else { preconditionFailure("the model was not checked") }
        return image
    }

    /// Calls `body` with the pixels (kernel row and column, and place in the image) of each window, in row order.
    private static func forEachWindow(
        _ image: ImageShape, window: Extent, stride: Extent, _ padding: Padding,
        _ body: ([(row: Int, column: Int, place: Int)]) -> Void
    ) -> (height: Int, width: Int) {
        let rows = starts(image.height, window: window.height, stride: stride.height, padding)
        let columns = starts(image.width, window: window.width, stride: stride.width, padding)
        for top in rows {
            for left in columns {
                var pixels: [(row: Int, column: Int, place: Int)] = []
                for row in 0..<window.height {
                    for column in 0..<window.width {
                        let (y, x) = (top + row, left + column)
                        guard (0..<image.height).contains(y), (0..<image.width).contains(x) else { continue }
                        pixels.append((row, column, y * image.width + x))
                    }
                }
                body(pixels)
            }
        }
        return (rows.count, columns.count)
    }

    static func convolve(
        _ layer: Convolution2D, _ shape: TensorShape, _ input: [Double], _ weight: [Double],
        _ bias: [Double]
    ) -> ([Double], TensorShape) {
        let image = imageShape(shape)
        var output: [Double] = []
        let size = forEachWindow(image, window: layer.kernel, stride: layer.stride, layer.padding) { pixels in
            for filter in 0..<layer.filters {
                var sum = bias[filter]
                for pixel in pixels {
                    for channel in 0..<image.channels {
                        let place = (pixel.row * layer.kernel.width + pixel.column) * image.channels + channel
                        sum += input[pixel.place * image.channels + channel] * weight[place * layer.filters + filter]
                    }
                }
                output.append(sum)
            }
        }
        return (
            activate(output, layer.activation, channels: layer.filters),
            .image(ImageShape(height: size.height, width: size.width, channels: layer.filters))
        )
    }

    /// `value` makes a pixel of those under a window.
    static func pool(
        _ window: PoolWindow, _ shape: TensorShape, _ input: [Double], _ value: ([Double]) -> Double
    ) -> ([Double], TensorShape) {
        let image = imageShape(shape)
        var output: [Double] = []
        let size = forEachWindow(image, window: window.size, stride: window.stride, window.padding) { pixels in
            for channel in 0..<image.channels {
                output.append(value(pixels.map { input[$0.place * image.channels + channel] }))
            }
        }
        return (output, .image(ImageShape(height: size.height, width: size.width, channels: image.channels)))
    }

    static func pad(_ layer: ZeroPad2D, _ shape: TensorShape, _ input: [Double]) -> ([Double], TensorShape) {
        let image = imageShape(shape)
        let output = ImageShape(
            height: image.height + layer.top + layer.bottom, width: image.width + layer.left + layer.right,
            channels: image.channels)
        var values = [Double](repeating: 0, count: output.elementCount)
        for y in 0..<image.height {
            for x in 0..<image.width * image.channels {
                values[((y + layer.top) * output.width + layer.left) * image.channels + x] =
                    input[y * image.width * image.channels + x]
            }
        }
        return (values, .image(output))
    }

    static func globalAverage(_ shape: TensorShape, _ input: [Double]) -> ([Double], TensorShape) {
        let image = imageShape(shape)
        let means = (0..<image.channels).map { channel in
            let values = stride(from: channel, to: input.count, by: image.channels).map { input[$0] }
            return values.reduce(0, +) / Double(values.count)
        }
        return (means, .flat(means.count))
    }

    static func resize(to size: Extent, _ shape: TensorShape, _ input: [Double]) -> ([Double], TensorShape) {
        let image = imageShape(shape)
        func taps(_ input: Int, _ output: Int) -> [(first: Int, second: Int, share: Double)] {
            (0..<output).map { index in
                let position = (Double(index) + 0.5) * Double(input) / Double(output) - 0.5
                let lower = Int(position.rounded(.down))
                return (max(lower, 0), min(lower + 1, input - 1), position - Double(lower))
            }
        }
        var output: [Double] = []
        for row in taps(image.height, size.height) {
            for column in taps(image.width, size.width) {
                for channel in 0..<image.channels {
                    func at(_ y: Int, _ x: Int) -> Double { input[(y * image.width + x) * image.channels + channel] }
                    func line(_ y: Int) -> Double {
                        at(y, column.first) * (1 - column.share) + at(y, column.second) * column.share
                    }
                    output.append(line(row.first) * (1 - row.share) + line(row.second) * row.share)
                }
            }
        }
        return (output, .image(ImageShape(height: size.height, width: size.width, channels: image.channels)))
    }

    static func repeatChannels(_ count: Int, _ shape: TensorShape, _ input: [Double]) -> ([Double], TensorShape) {
        let image = imageShape(shape)
        let pixels = stride(from: 0, to: input.count, by: image.channels).map { input[$0..<$0 + image.channels] }
        let output = pixels.flatMap { pixel in (0..<count).flatMap { _ in pixel } }
        return (
            output, .image(ImageShape(height: image.height, width: image.width, channels: count * image.channels))
        )
    }
}
