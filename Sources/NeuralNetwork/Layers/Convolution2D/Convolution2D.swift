package import Core

/// A 2-D convolution; weights start Glorot uniform, biases at zero.
package struct Convolution2D: Layer {
    package static let names = LayerNames("conv2d", label: "Conv2D", parameterStem: "conv")
    package static let documentation = """
        A 2-D convolution (cross-correlation, as all frameworks compute it): each output is b + Σ x·w over the kernel's rows, \
        columns and input channels, in this order. `padding: same` gives ⌈size / stride⌉ positions, an odd pixel of padding \
        at the bottom and right, as in Keras. Weights start Glorot uniform (Glorot & Bengio 2010, equation 16), biases at \
        zero.
        """

    /// The layer's own name, which begins those of its tensors; nil names it by its place.
    package var name: String?
    package var filters: Int
    package var kernel: Extent
    package var stride: Extent
    package var padding: Padding
    package var activation: Activation
    package var regularization: Regularization
    /// A frozen layer keeps its weights.
    package var isTrainable: Bool

    package init(
        name: String? = nil, filters: Int, kernel: Extent, stride: Extent = 1, padding: Padding = .valid,
        activation: Activation = .relu, regularization: Regularization = .none,
        isTrainable: Bool = true
    ) {
        self.name = name
        self.filters = filters
        self.kernel = kernel
        self.stride = stride
        self.padding = padding
        self.activation = activation
        self.regularization = regularization
        self.isTrainable = isTrainable
    }

    package init() { self.init(filters: 1, kernel: 1) }

    package mutating func visitSettings<Visitor: SettingVisitor>(_ visitor: inout Visitor) throws(Visitor.Failure) {
        try visitor.visit("filters", &filters, .within(1...65_536), .required, "The number of output channels.")
        try visitor.visit("kernel", &kernel, .kernelExtent, .required, "Height and width of the kernel.")
        try visitor.visit(
            "padding", &padding, .choice,
            "`valid` keeps the kernel inside the image, `same` pads it so that each stride has its position.")
        try visitor.visit("activation", &activation, .activation, .required, "What is applied to the sums.")
        try visitor.visit(
            "stride", &stride, .kernelExtent, .whenChanged, "Rows and columns from one position to the next.")
        try visitor.visit(name: &name, regularization: &regularization, isTrainable: &isTrainable)
    }

    package func outputShape(of input: TensorShape) throws(LayerProblem) -> TensorShape {
        let image = try input.image
        guard filters >= 1 else { throw LayerProblem("filters is \(filters), but must be at least 1") }
        guard TensorShape.checkedProduct([kernel.height, kernel.width, image.channels, filters]) != nil else {
            let size = "\(kernel.height)×\(kernel.width)×\(image.channels)×\(filters)"
            throw LayerProblem("\(size) weights are too many: the limit is \(TensorShape.elementLimit)")
        }
        let geometry = try WindowGeometry.checked(
            image, window: kernel, stride: stride, padding: padding, noun: "kernel")
        let output = ImageShape(height: geometry.outputHeight, width: geometry.outputWidth, channels: filters)
        let paddedSize = [geometry.paddedHeight, geometry.paddedWidth, image.channels]
        let patchSize = [output.height, output.width, kernel.height, kernel.width, image.channels]
        guard TensorShape.checkedProduct(paddedSize) != nil,
            TensorShape.checkedProduct([output.height, output.width, filters]) != nil,
            stride == Extent(1) || TensorShape.checkedProduct(patchSize) != nil
        else {
            throw LayerProblem(
                "its output \(TensorShape.image(output).text) is too large: the limit is \(TensorShape.elementLimit) "
                    + "elements")
        }
        return .image(output)
    }

    package func parameters(for input: TensorShape) -> [ParameterDeclaration] {
        let channels = input.checkedImage.channels
        let role: ParameterDescription.Role = isTrainable ? .trainable : .frozen
        return [
            ParameterDeclaration(
                "weight", internalShape: [kernel.height, kernel.width, channels, filters],
                torchShape: [filters, channels, kernel.height, kernel.width],
                torchLayout: TorchLayout(
                    extents: [kernel.height, kernel.width, channels, filters], order: [3, 2, 0, 1]),
                initialization: .glorotUniform(fanSum: kernel.height * kernel.width * (channels + filters)),
                role: role, regularization: regularization),
            ParameterDeclaration("bias", forChannelsOf: .flat(filters), start: 0, role: role),
        ]
    }

    package func plan(_ site: LayerSite, in graph: inout PlanGraph) -> PlanBuffer {
        let image = site.input.checkedImage
        let geometry = WindowGeometry(image, window: kernel, stride: stride, padding: padding)
        let unit: any UnitPlan =
            if stride == Extent(1) {
                ConvolutionPlan(
                    geometry, inputChannels: image.channels, filters: filters, parameters: site.checkedOffsets)
            } else {
                StridedConvolutionPlan(
                    geometry, inputChannels: image.channels, filters: filters, parameters: site.checkedOffsets)
            }
        return graph.append(activation, shape: site.output, input: graph.append(unit, inputs: site.inputBuffer))
    }

    package func appendOperators(_ site: ExportSite, to graph: inout OperatorGraph) -> OperatorGraph.Value {
        let geometry = WindowGeometry(site.input.checkedImage, window: kernel, stride: stride, padding: padding)
        return graph.append("Conv", [site.inputValue] + site.tensors, geometry.operatorAttributes)
    }

    /// Torch pads both sides alike.
    package func torchModules(_ site: ExportSite) -> [TorchModule] {
        let image = site.input.checkedImage
        let geometry = WindowGeometry(image, window: kernel, stride: stride, padding: padding)
        let (size, step) = geometry.torchExtents
        let settings = "\(image.channels), \(filters), \(size), stride=\(step)"
        guard geometry.padding.isSymmetric else {
            return [
                geometry.padding.torchModule(value: "0.0"),
                TorchModule("nn.Conv2d(\(settings))", stem: "conv", hasTensors: true),
            ]
        }
        let margins = ValueText.tuple([geometry.padding.top, geometry.padding.left])
        return [TorchModule("nn.Conv2d(\(settings), padding=\(margins))", stem: "conv", hasTensors: true)]
    }

    package func kerasLayers(_ site: ExportSite) -> [KerasLayer] {
        [
            KerasLayer(
                "Conv2D",
                [
                    "filters": String(filters), "kernel_size": ValueText.list([kernel.height, kernel.width]),
                    "strides": ValueText.list([stride.height, stride.width]),
                    "padding": ValueText.word(padding.rawValue), "trainable": String(isTrainable),
                ], tensors: .ofLayer)
        ]
    }
}

extension LayerConfiguration {
    /// A 2-D convolution: `[height, width, channels]` becomes `[positions down, positions across, filters]`. `name`
    /// begins the names of its tensors.
    public static func convolution2D(
        name: String? = nil, filters: Int, kernel: Extent, stride: Extent = 1, padding: Padding = .valid,
        activation: Activation = .relu, regularization: Regularization = .none, isTrainable: Bool = true
    ) -> Self {
        Self(
            Convolution2D(
                name: name, filters: filters, kernel: kernel, stride: stride, padding: padding, activation: activation,
                regularization: regularization, isTrainable: isTrainable))
    }
}
