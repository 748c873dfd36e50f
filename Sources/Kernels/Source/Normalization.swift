public import KernelInterface

/// `KernelTable.normalize`. Lanes run over channels.
public func normalize(_ arguments: NormalizationArguments) {
    let channels = arguments.channelCount
    let (mean, scale, shift) = (arguments.mean, arguments.scale, arguments.shift)
    var position = 0
    while position < arguments.positionCount {
        let input = arguments.input + position &* channels
        let output = arguments.output + position &* channels
        var channel = 0
        while channel &+ laneCount <= channels {
            let deviation = loadVector(input + channel) - loadVector(mean + channel)
            let value = loadVector(shift + channel).addingProduct(deviation, loadVector(scale + channel))
            storeVector(value, output + channel)
            channel &+= laneCount
        }
        while channel < channels {
            let deviation = input[channel] - mean[channel]
            output[channel] = shift[channel].addingProduct(deviation, scale[channel])
            channel &+= 1
        }
        position &+= 1
    }
}

/// `KernelTable.normalizationInputGradient`. Lanes run over channels.
public func normalizationInputGradient(_ arguments: NormalizationInputGradientArguments) {
    let channels = arguments.channelCount
    let (mean, inverseDeviation) = (arguments.mean, arguments.inverseDeviation)
    let (factor, gradientMean, productMean) = (arguments.factor, arguments.gradientMean, arguments.productMean)
    var position = 0
    while position < arguments.positionCount {
        let input = arguments.input + position &* channels
        let outputGradient = arguments.outputGradient + position &* channels
        let inputGradient = arguments.inputGradient + position &* channels
        var channel = 0
        while channel &+ laneCount <= channels {
            let deviation = loadVector(input + channel) - loadVector(mean + channel)
            let normalized = deviation * loadVector(inverseDeviation + channel)
            let centered = loadVector(outputGradient + channel) - loadVector(gradientMean + channel)
            let rest = centered.addingProduct(-normalized, loadVector(productMean + channel))
            storeVector(loadVector(factor + channel) * rest, inputGradient + channel)
            channel &+= laneCount
        }
        while channel < channels {
            let normalized = (input[channel] - mean[channel]) * inverseDeviation[channel]
            let centered = outputGradient[channel] - gradientMean[channel]
            inputGradient[channel] = factor[channel] * centered.addingProduct(-normalized, productMean[channel])
            channel &+= 1
        }
        position &+= 1
    }
}
