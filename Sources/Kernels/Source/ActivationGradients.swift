/// `KernelTable.sigmoidBackward`.
public func sigmoidBackward(_ count: Int, _ output: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>) {
    var index = 0
    while index < count {
        gradient[index] *= output[index] * (1 - output[index])
        index &+= 1
    }
}

/// `KernelTable.hyperbolicTangentBackward`.
public func hyperbolicTangentBackward(
    _ count: Int, _ output: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>
) {
    var index = 0
    while index < count {
        gradient[index] *= Float(1).addingProduct(-output[index], output[index])
        index &+= 1
    }
}
