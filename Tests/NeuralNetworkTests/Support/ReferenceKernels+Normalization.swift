import Core
import KernelInterface

extension ReferenceKernels {
    static func dropout(_ a: DropoutArguments) {
        let generator = Philox4x32(
            key0: UInt32(truncatingIfNeeded: a.seed), key1: UInt32(truncatingIfNeeded: a.seed >> 32))
        for sample in 0..<a.sampleCount {
            for element in 0..<a.elementCount {
                let counter = SIMD4(
                    UInt32(element / 8), a.firstPosition + UInt32(sample), a.step,
                    UInt32(a.purpose) << 16 | UInt32(a.layer))
                let word = generator.block(counter)[element % 8 / 2]
                let draw = element % 2 == 0 ? word & 0xFFFF : word >> 16
                let index = sample * a.elementCount + element
                a.output[index] = draw >= a.threshold ? a.input[index] * a.scale : 0
            }
        }
    }

    static func normalize(_ a: NormalizationArguments) {
        for index in 0..<a.positionCount * a.channelCount {
            let channel = index % a.channelCount
            let deviation = a.input[index] - a.mean[channel]
            a.output[index] = a.shift[channel].addingProduct(deviation, a.scale[channel])
        }
    }

    static func normalizationInputGradient(_ a: NormalizationInputGradientArguments) {
        for index in 0..<a.positionCount * a.channelCount {
            let channel = index % a.channelCount
            let normalized = (a.input[index] - a.mean[channel]) * a.inverseDeviation[channel]
            let centered = a.outputGradient[index] - a.gradientMean[channel]
            let rest = centered.addingProduct(-normalized, a.productMean[channel])
            a.inputGradient[index] = a.factor[channel] * rest
        }
    }

    static func squaredDeviationSums(_ a: SquaredDeviationArguments, _ scratch: KernelTable.Scratch) {
        for channel in a.channelBegin..<a.channelEnd {
            run(a.program) { sample, sum in
                for position in 0..<a.positionCount {
                    let index = (sample * a.positionCount + position) * a.channelCount + channel
                    let deviation = a.input[index] - a.mean[channel]
                    sum = sum.addingProduct(deviation, deviation)
                }
            } store: { root, sum in
                a.sums[root * a.rootStride + channel] = sum
            }
        }
    }

    static func normalizationGradientSums(_ a: NormalizationGradientSumArguments, _ scratch: KernelTable.Scratch) {
        for channel in a.channelBegin..<a.channelEnd {
            func forEach(_ sample: Int, _ body: (_ index: Int) -> Void) {
                for position in 0..<a.positionCount {
                    body((sample * a.positionCount + position) * a.channelCount + channel)
                }
            }
            run(a.program) { sample, sum in
                forEach(sample) { sum += a.outputGradient[$0] }
            } store: { root, sum in
                a.shiftGradient[root * a.rootStride + channel] = sum
            }
            run(a.program) { sample, sum in
                forEach(sample) { index in
                    let normalized = (a.input[index] - a.mean[channel]) * a.inverseDeviation[channel]
                    sum = sum.addingProduct(a.outputGradient[index], normalized)
                }
            } store: { root, sum in
                a.scaleGradient[root * a.rootStride + channel] = sum
            }
        }
    }
}
