extension ParameterDescription {
    /// Writes the tensor in torch's layout. Both pointers are to `count` floats and do not overlap.
    package func toTorch(_ internalValues: UnsafePointer<Float>, _ torchValues: UnsafeMutablePointer<Float>) {
        forEachPair { internalIndex, torchIndex in torchValues[torchIndex] = internalValues[internalIndex] }
    }

    /// Reads the tensor from torch's layout. Both pointers are to `count` floats and do not overlap.
    package func fromTorch(_ torchValues: UnsafePointer<Float>, _ internalValues: UnsafeMutablePointer<Float>) {
        forEachPair { internalIndex, torchIndex in internalValues[internalIndex] = torchValues[torchIndex] }
    }

    /// Calls `body` with the index inside and the index in torch of every element.
    private func forEachPair(_ body: (_ internalIndex: Int, _ torchIndex: Int) -> Void) {
        switch layout {
        case .vector(_, let image):
            for index in 0..<count { body(index, image.map { Self.channelFirstIndex(of: index, in: $0) } ?? index) }
        case .convolutionWeight:
            forEachConvolutionPair(body)
        case .denseWeight(let image):
            let (rows, columns) = (internalShape[0], internalShape[1])
            for row in 0..<rows {
                let torchColumn = image.map { Self.channelFirstIndex(of: row, in: $0) } ?? row
                for column in 0..<columns { body(row * columns + column, column * rows + torchColumn) }
            }
        }
    }

    private func forEachConvolutionPair(_ body: (_ internalIndex: Int, _ torchIndex: Int) -> Void) {
        let (height, width) = (internalShape[0], internalShape[1])
        let (inputs, outputs) = (internalShape[2], internalShape[3])
        for y in 0..<height {
            for x in 0..<width {
                for input in 0..<inputs {
                    for output in 0..<outputs {
                        let internalIndex = ((y * width + x) * inputs + input) * outputs + output
                        body(internalIndex, ((output * inputs + input) * height + y) * width + x)
                    }
                }
            }
        }
    }

    /// From the index of (y, x, channel) in an image to that of (channel, y, x).
    private static func channelFirstIndex(of index: Int, in image: ImageShape) -> Int {
        let (position, channel) = index.quotientAndRemainder(dividingBy: image.channels)
        return channel * image.height * image.width + position
    }
}
