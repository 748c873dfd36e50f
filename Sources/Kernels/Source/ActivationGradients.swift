/// `KernelTable.sigmoidBackward`.
public func sigmoidBackward(_ count: Int, _ output: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>) {
    combine(count, output, gradient, gradient) { output, gradient in
        gradient * (output * (broadcast(1) - output))
    }
}

/// `KernelTable.hyperbolicTangentBackward`.
public func hyperbolicTangentBackward(
    _ count: Int, _ output: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>
) {
    combine(count, output, gradient, gradient) { output, gradient in
        gradient * broadcast(1).addingProduct(-output, output)
    }
}
