internal import KernelInterface

/// Turns the kernel by 180° and exchanges its channel axes: `[ky, kx, ci, co]` becomes `[kh-1-ky, kw-1-kx, co, ci]`.
func flipConvolutionWeights(
    _ shape: ConvolutionShape, _ weights: UnsafePointer<Float>, _ flipped: UnsafeMutablePointer<Float>
) {
    let inputs = shape.inputChannels
    let outputs = shape.outputChannels
    let tapCount = shape.kernelHeight &* shape.kernelWidth
    var tap = 0
    while tap < tapCount {
        let source = weights + tap &* inputs &* outputs
        // Reversing the row-major number of a tap reverses both of its coordinates.
        let target = flipped + (tapCount &- 1 &- tap) &* inputs &* outputs
        var output = 0
        while output < outputs {
            var input = 0
            while input < inputs {
                target[output &* inputs &+ input] = source[input &* outputs &+ output]
                input &+= 1
            }
            output &+= 1
        }
        tap &+= 1
    }
}
