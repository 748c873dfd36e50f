import KernelInterface
import Testing

@testable import NeuralNetwork

@Suite("The choice of a convolution's algorithm")
struct ConvolutionAlgorithmTests {
    private func algorithm(
        _ size: Int, _ inputs: Int, _ outputs: Int, kernel: Int = 3, padding: Padding = .same, isPooled: Bool = false
    ) -> ConvolutionAlgorithm {
        let geometry = WindowGeometry(
            ImageShape(height: size, width: size, channels: inputs), window: Extent(kernel), stride: Extent(1),
            padding: padding)
        let shape = ConvolutionShape(
            inputHeight: geometry.paddedHeight, inputWidth: geometry.paddedWidth, inputChannels: inputs,
            kernelHeight: kernel, kernelWidth: kernel, outputChannels: outputs)
        return ConvolutionAlgorithm(shape, padding: geometry.padding, isPooled: isPooled)
    }

    @Test("3×3 kernels over at least 16 channels run by Winograd's algorithm, others do not")
    func channelsAndKernels() {
        #expect(algorithm(14, 16, 16) != .direct)
        #expect(algorithm(14, 15, 64) == .direct)
        #expect(algorithm(14, 64, 15) == .direct)
        #expect(algorithm(14, 64, 64, kernel: 2) == .direct)
        #expect(algorithm(14, 64, 64, kernel: 5) == .direct)
        #expect(algorithm(14, 1024, 1024) != .direct)
        #expect(algorithm(14, 1024, 1025) == .direct)
    }

    @Test("an output of one position is computed directly: most of a tile would lie beyond the edge")
    func smallOutputs() {
        #expect(algorithm(1, 128, 128) == .direct)
        #expect(algorithm(3, 128, 128, padding: .valid) == .direct)
        #expect(algorithm(2, 512, 512) != .direct)
        #expect(algorithm(3, 128, 128, padding: .valid, isPooled: true) == .direct)
    }

    @Test("a pooling limits the outputs that are computed, and so the products")
    func pooling() throws {
        guard case .winograd(let plain) = algorithm(13, 128, 128, padding: .valid),
            case .winograd(let pooled) = algorithm(13, 128, 128, padding: .valid, isPooled: true)
        else {
            Issue.record("computed directly")
            return
        }
        #expect(plain.pointCount == 18 * 18)
        #expect(pooled.pointCount == 16 * 16)
        guard case .winograd(let wide) = algorithm(10, 256, 256) else {
            Issue.record("computed directly")
            return
        }
        #expect(wide.pointCount == 18 * 18, "tiles of two sizes need too many weights here")
    }
}
