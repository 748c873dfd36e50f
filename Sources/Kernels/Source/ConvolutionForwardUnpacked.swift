internal import KernelInterface

// Shapes whose packed panel does not fit the scratch memory (tens of thousands of weight rows) are computed one
// output at a time, in the same order and so with the same bits.

/// One output before ReLU; `corner` points at the input corner of its position.
@inline(always)
private func convolutionValue(
    _ arguments: ConvolutionForwardArguments, _ corner: UnsafePointer<Float>, _ channel: Int
) -> Float {
    let shape = arguments.shape
    var sum: Float = 0
    if let bias = arguments.bias { sum = bias[channel] }
    var weight = arguments.weights + channel
    var kernelRow = 0
    while kernelRow < shape.kernelHeight {
        let input = corner + kernelRow &* shape.inputWidth &* shape.inputChannels
        var inner = 0
        while inner < shape.kernelWidth &* shape.inputChannels {
            sum = sum.addingProduct(input[inner], weight.pointee)
            weight += shape.outputChannels
            inner &+= 1
        }
        kernelRow &+= 1
    }
    return sum
}

/// `convolutionForward` without packing.
func convolutionForwardUnpacked(_ arguments: ConvolutionForwardArguments) {
    let shape = arguments.shape
    let total = arguments.sampleCount &* shape.outputHeight &* shape.outputWidth
    var cursor = ConvolutionCursor(shape, arguments.input, step: 1)
    var position = 0
    while position < total {
        var channel = 0
        while channel < shape.outputChannels {
            let value = convolutionValue(arguments, cursor.pointer, channel)
            arguments.output[position &* shape.outputChannels &+ channel] =
                arguments.appliesReLU && !(value > 0) ? 0 : value
            channel &+= 1
        }
        cursor.advance()
        position &+= 1
    }
}

/// `convolutionForwardPooled` without packing.
func convolutionForwardPooledUnpacked(_ arguments: ConvolutionForwardArguments) {
    let shape = arguments.shape
    let total = arguments.sampleCount &* shape.pooledHeight &* shape.pooledWidth
    let below = shape.inputWidth &* shape.inputChannels
    var cursor = ConvolutionCursor(shape, arguments.input, step: 2)
    var position = 0
    while position < total {
        var channel = 0
        while channel < shape.outputChannels {
            var best = convolutionValue(arguments, cursor.pointer, channel)
            var bestIndex = 0
            var index = 1
            while index < 4 {
                let corner = cursor.pointer + ((index & 1) &* shape.inputChannels &+ (index >> 1) &* below)
                let value = convolutionValue(arguments, corner, channel)
                if value > best {
                    best = value
                    bestIndex = index
                }
                index &+= 1
            }
            let target = position &* shape.outputChannels &+ channel
            arguments.output[target] = arguments.appliesReLU && !(best > 0) ? 0 : best
            arguments.windowIndex?[target] = UInt8(truncatingIfNeeded: bestIndex)
            channel &+= 1
        }
        cursor.advance()
        position &+= 1
    }
}
