internal import KernelInterface

/// Batch normalisation (Ioffe & Szegedy 2015): y = (x − mean)·γ/√(variance + ε) + β for each channel.
///
/// In training mean and variance are those of the whole global batch, on which all workers agree, or with `ghost` those
/// of each micro-batch: first the mean, then the biased variance from squared deviations, both summed in the order of
/// the program. In evaluation, and in a frozen layer, they are the running ones. The targets of the running
/// statistics are at their place in the gradient: the sum over micro-batches of sample count · statistic.
final class BatchNormalizationUnit: ExecutionUnit {
    private let plan: BatchNormalizationPlan
    private let wiring: UnitWiring
    private let kernels: KernelTable
    private let groups: NormalizationGroups
    /// For each thread the factors γ/√(variance + ε) of the running statistics.
    private let runningScale: AlignedBuffer<Float>

    init(_ plan: BatchNormalizationPlan, wiring: UnitWiring, capacity: PassCapacity, kernels: KernelTable) {
        self.plan = plan
        self.wiring = wiring
        self.kernels = kernels
        groups = NormalizationGroups(plan, sampleCount: capacity.sampleCount)
        runningScale = AlignedBuffer(count: capacity.threadCount * plan.vectorStride)
    }

    // MARK: Forward

    func synchronize(_ context: ThreadContext, _ training: TrainingContext) {
        let program = training.target.program
        if plan.isGhost {
            let channels = ownChannels(context)
            for group in 0..<program.stepCount {
                let step = program.steps[group]
                groups.withProgram(of: step) { single in
                    let count = Float((Int(step.sampleEnd) - Int(step.sampleBegin)) * plan.positionCount)
                    sumInputs(channels, single, context)
                    groups.setMean(group, from: groups.roots, channels, count: count)
                    sumDeviations(channels, mean: groups.mean(group), single, context)
                    groups.setVariance(group, from: groups.roots, channels, count: count, context.parameters)
                }
            }
            context.barrier.wait()
            return
        }
        let count = Float(training.batch.batchSize * plan.positionCount)
        sumInputs(ownChannels(context), program, context)
        agree(context, training) { groups.setMean(0, from: $0, 0..<plan.channelCount, count: count) }
        sumDeviations(ownChannels(context), mean: groups.mean(0), program, context)
        agree(context, training) {
            groups.setVariance(0, from: $0, 0..<plan.channelCount, count: count, context.parameters)
        }
    }

    func forward(_ block: SampleBlock, _ context: ThreadContext) {
        let input = wiring.input(of: block)
        let output = wiring.output(of: block)
        guard let training = context.training, plan.usesBatchStatistics else {
            let scale = runningScale(context)
            return normalize(
                block.count, input, mean: context.parameters + plan.runningMean, scale: scale, output, context)
        }
        let samples = block.sample..<block.sample + block.count
        groups.forEachGroup(of: samples, training.target.program) { part, group in
            let offset = (part.lowerBound - samples.lowerBound) * wiring.outputCount
            normalize(
                part.count, input + offset, mean: groups.mean(group), scale: groups.scale(group), output + offset,
                context)
        }
    }

    // MARK: Backward

    func parameterGradient(_ target: GradientTarget, _ context: ThreadContext) {
        guard let training = context.training else { return }
        let channels = ownChannels(context)
        if plan.isGhost {
            sumGhostGradients(channels, target, context)
            context.barrier.wait()
        } else {
            sumGradients(
                channels, group: 0, target.program, scale: target.gradient + plan.weight,
                shift: target.gradient + plan.bias, rootStride: target.rootStride, context)
            context.barrier.wait()
            if context.thread == 0 {
                let sums = training.agree(
                    roots: target.gradient + plan.weight, rootStride: target.rootStride,
                    count: plan.agreedCount)
                let count = Float(training.batch.batchSize * plan.positionCount)
                if let sums { groups.setGradientMeans(0, from: sums, 0..<plan.channelCount, count: count) }
            }
            context.barrier.wait()
        }
        if context.thread == 0 { groups.writeRunningStatistics(target) }
    }

    private func sumGhostGradients(_ channels: Range<Int>, _ target: GradientTarget, _ context: ThreadContext) {
        let program = target.program
        for group in 0..<program.stepCount {
            let step = program.steps[group]
            let sums = groups.leaf(group)
            groups.withProgram(of: step) { single in
                sumGradients(
                    channels, group: group, single, scale: sums, shift: sums + plan.vectorStride,
                    rootStride: plan.agreedCount, context)
            }
            let count = Float((Int(step.sampleEnd) - Int(step.sampleBegin)) * plan.positionCount)
            groups.setGradientMeans(group, from: sums, channels, count: count)
        }
        for offset in [0, plan.vectorStride] {
            groups.leafSums.merge(
                program, roots: target.gradient + plan.weight, rootStride: target.rootStride,
                part: offset + channels.lowerBound..<offset + channels.upperBound)
        }
    }

    func inputGradient(_ samples: Range<Int>, _ context: ThreadContext) {
        guard let inputGradient = wiring.inputGradient, let training = context.training else { return }
        func write(_ part: Range<Int>, _ group: NormalizationGroups.Group) {
            let offset = part.lowerBound * wiring.outputCount
            kernels.normalizationInputGradient(
                NormalizationInputGradientArguments(
                    positionCount: part.count * plan.positionCount, channelCount: plan.channelCount,
                    input: wiring.input + offset, mean: group.mean, inverseDeviation: group.inverseDeviation,
                    factor: group.scale, gradientMean: group.gradientMean, productMean: group.productMean,
                    outputGradient: wiring.outputGradient + offset, inputGradient: inputGradient + offset))
        }
        guard plan.usesBatchStatistics else {
            let mean = context.parameters + plan.runningMean
            return write(samples, groups.frozen(mean: mean, scale: runningScale(context)))
        }
        groups.forEachGroup(of: samples, training.target.program) { part, group in write(part, groups[group]) }
    }

    // MARK: Kernel calls

    /// Threads share the channels in whole vectors.
    private func ownChannels(_ context: ThreadContext) -> Range<Int> {
        evenSplit(
            plan.channelCount, parts: context.threadCount, index: context.thread, granule: ParameterLayout.alignment)
    }

    /// Waits for all threads' shares of the roots, has thread 0 agree on the sum and use it, then releases all threads.
    private func agree(
        _ context: ThreadContext, _ training: TrainingContext, _ use: (UnsafePointer<Float>) -> Void
    ) {
        context.barrier.wait()
        if context.thread == 0 {
            let sums = training.agree(
                roots: groups.roots, rootStride: plan.agreedCount, count: plan.agreedCount)
            if let sums { use(sums) }
        }
        context.barrier.wait()
    }

    private func sumInputs(_ channels: Range<Int>, _ program: SummationProgram, _ context: ThreadContext) {
        guard !channels.isEmpty else { return }
        kernels.columnSums(
            ColumnSumArguments(
                columnCount: plan.channelCount, positionCount: plan.positionCount, values: wiring.input,
                program: program, sums: groups.roots, rootStride: plan.agreedCount,
                columnBegin: channels.lowerBound, columnEnd: channels.upperBound), context.scratch)
    }

    private func sumDeviations(
        _ channels: Range<Int>, mean: UnsafePointer<Float>, _ program: SummationProgram, _ context: ThreadContext
    ) {
        guard !channels.isEmpty else { return }
        kernels.squaredDeviationSums(
            SquaredDeviationArguments(
                channelBegin: channels.lowerBound, channelEnd: channels.upperBound, channelCount: plan.channelCount,
                positionCount: plan.positionCount, input: wiring.input, mean: mean, program: program,
                sums: groups.roots, rootStride: plan.agreedCount), context.scratch)
    }

    private func sumGradients(
        _ channels: Range<Int>, group: Int, _ program: SummationProgram, scale: UnsafeMutablePointer<Float>,
        shift: UnsafeMutablePointer<Float>, rootStride: Int, _ context: ThreadContext
    ) {
        guard !channels.isEmpty else { return }
        kernels.normalizationGradientSums(
            NormalizationGradientSumArguments(
                channelBegin: channels.lowerBound, channelEnd: channels.upperBound, channelCount: plan.channelCount,
                positionCount: plan.positionCount, input: wiring.input, mean: groups.mean(group),
                inverseDeviation: groups[group].inverseDeviation, outputGradient: wiring.outputGradient,
                program: program, shiftGradient: shift, scaleGradient: scale, rootStride: rootStride),
            context.scratch)
    }

    private func normalize(
        _ sampleCount: Int, _ input: UnsafePointer<Float>, mean: UnsafePointer<Float>, scale: UnsafePointer<Float>,
        _ output: UnsafeMutablePointer<Float>, _ context: ThreadContext
    ) {
        kernels.normalize(
            NormalizationArguments(
                positionCount: sampleCount * plan.positionCount, channelCount: plan.channelCount, input: input,
                mean: mean, scale: scale, shift: context.parameters + plan.bias, output: output))
    }

    private func runningScale(_ context: ThreadContext) -> UnsafePointer<Float> {
        let scale = runningScale.pointer + context.thread * plan.vectorStride
        let (weight, variance) = (
            context.parameters + plan.weight, context.parameters + plan.runningVariance
        )
        for channel in 0..<plan.channelCount {
            scale[channel] = weight[channel] * (1 / (variance[channel] + plan.epsilon).squareRoot())
        }
        return UnsafePointer(scale)
    }
}
