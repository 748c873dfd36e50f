internal import Core

/// What lies around an image where a kernel or window reaches over its edge.
///
/// ```swift
/// let layer = LayerConfiguration.convolution2D(filters: 8, kernel: 3, padding: .same)
/// ```
public enum Padding: String, Sendable, Equatable, CaseIterable {
    /// Nothing: windows stay inside the image.
    case valid
    /// As many positions as the input has, divided by the stride and rounded up; an odd pixel of padding goes to the
    /// bottom and right, as in Keras.
    case same
}

/// The positions of a kernel or window on an image: output size and padding by Keras's rules.
///
/// Valid: ⌊(size − window) / stride⌋ + 1 positions. Same: ⌈size / stride⌉ positions; the padding that they need is
/// shared out evenly, an odd pixel to the bottom and right.
struct WindowGeometry: Sendable, Equatable {
    let inputHeight: Int
    let inputWidth: Int
    let window: Extent
    let stride: Extent
    let padding: ImagePadding
    let outputHeight: Int
    let outputWidth: Int

    var paddedHeight: Int { inputHeight + padding.top + padding.bottom }
    var paddedWidth: Int { inputWidth + padding.left + padding.right }

    /// Precondition: window and stride are at least 1.
    init(_ input: ImageShape, window: Extent, stride: Extent, padding: Padding) {
        let vertical = Self.axis(input.height, window.height, stride.height, padding)
        let horizontal = Self.axis(input.width, window.width, stride.width, padding)
        inputHeight = input.height
        inputWidth = input.width
        self.window = window
        self.stride = stride
        self.padding = ImagePadding(
            top: vertical.padding / 2, left: horizontal.padding / 2,
            bottom: vertical.padding - vertical.padding / 2, right: horizontal.padding - horizontal.padding / 2)
        outputHeight = vertical.count
        outputWidth = horizontal.count
    }

    private static func axis(
        _ size: Int, _ window: Int, _ stride: Int, _ padding: Padding
    ) -> (count: Int, padding: Int) {
        switch padding {
        case .valid:
            return (size >= window ? (size - window) / stride + 1 : 0, 0)
        case .same:
            let count = (size + stride - 1) / stride
            return (count, max(0, (count - 1) * stride + window - size))
        }
    }

    /// Checks the numbers first; `noun` is what error messages call the window.
    static func checked(
        _ input: ImageShape, window: Extent, stride: Extent, padding: Padding, noun: String
    ) throws(LayerProblem) -> WindowGeometry {
        guard window.height >= 1, window.width >= 1 else {
            throw LayerProblem("the \(noun) is \(window.height)×\(window.width), but must be at least 1×1")
        }
        guard stride.height >= 1, stride.width >= 1 else {
            throw LayerProblem("the stride is \(stride.height)×\(stride.width), but must be at least 1×1")
        }
        guard TensorShape.checkedProduct([window.height, window.width]) != nil,
            TensorShape.checkedProduct([stride.height, stride.width]) != nil
        else { throw LayerProblem("a \(window.height)×\(window.width) \(noun) is too large") }
        let geometry = WindowGeometry(input, window: window, stride: stride, padding: padding)
        guard geometry.outputHeight >= 1, geometry.outputWidth >= 1 else {
            throw LayerProblem(
                "a \(window.height)×\(window.width) \(noun) does not fit into \(TensorShape.image(input).text): "
                    + (noun == "kernel" ? "use a smaller one or padding same" : "remove this layer"))
        }
        return geometry
    }

    /// What ONNX's operators on windows need. Their pads are top, left, bottom, right.
    var operatorAttributes: KeyValuePairs<String, OperatorGraph.Attribute> {
        [
            "kernel_shape": .integers([window.height, window.width]),
            "pads": .integers([padding.top, padding.left, padding.bottom, padding.right]),
            "strides": .integers([stride.height, stride.width]),
        ]
    }

    /// Window and stride as torch's pools and convolutions take them.
    var torchExtents: (window: String, stride: String) {
        (ValueText.tuple([window.height, window.width]), ValueText.tuple([stride.height, stride.width]))
    }

    /// The padding as torch's pools take it: alike on both sides, at most half a window. Nil for another one.
    var torchPadding: String? {
        guard padding.isSymmetric, padding.top <= window.height / 2, padding.left <= window.width / 2 else {
            return nil
        }
        return ValueText.tuple([padding.top, padding.left])
    }

    /// Calls `body` for each output position, in row order, with the rows and columns of the image under its window.
    @inline(__always)
    func forEachWindow(_ body: (_ position: Int, _ rows: Range<Int>, _ columns: Range<Int>) -> Void) {
        for y in 0..<outputHeight {
            let top = y * stride.height - padding.top
            let rows = max(top, 0)..<min(top + window.height, inputHeight)
            for x in 0..<outputWidth {
                let left = x * stride.width - padding.left
                body(y * outputWidth + x, rows, max(left, 0)..<min(left + window.width, inputWidth))
            }
        }
    }
}

/// Rows and columns of zeros around an image.
struct ImagePadding: Sendable, Equatable {
    let top: Int
    let left: Int
    let bottom: Int
    let right: Int

    var isSymmetric: Bool { top == bottom && left == right }

    /// In torch's order: left, right, top, bottom.
    var torchTuple: String { ValueText.tuple([left, right, top, bottom]) }

    func torchModule(value: String) -> TorchModule {
        TorchModule("nn.ConstantPad2d(\(torchTuple), \(value))", stem: "pad")
    }

    var isEmpty: Bool { top == 0 && left == 0 && bottom == 0 && right == 0 }

    /// Copies an image of `height` × `width` × `channels` into the middle of a padded one, whose border is zero already
    /// and stays zero.
    @inline(__always)
    func copy(
        _ image: UnsafePointer<Float>, height: Int, width: Int, channels: Int, into padded: UnsafeMutablePointer<Float>
    ) {
        let rowCount = width * channels
        let paddedRowCount = (left + width + right) * channels
        var source = image
        var target = padded + top * paddedRowCount + left * channels
        for _ in 0..<height {
            target.update(from: source, count: rowCount)
            source += rowCount
            target += paddedRowCount
        }
    }
}
