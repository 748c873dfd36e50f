public import KernelInterface

extension KernelTable {
    /// This table with the arguments of products and sums checked at every call: a few comparisons, then the kernel.
    ///
    /// Checks: scratch is aligned, counts are not negative, rows do not overlap, a bias is there when it is asked for,
    /// and a program leaves nothing on a stack that it never overflows. Extents of memory cannot be checked.
    public var checked: KernelTable {
        var table = self
        table.matrixProduct = { [matrixProduct] arguments, scratch in
            arguments.check(bColumnCount: arguments.columnCount, scratch)
            matrixProduct(arguments, scratch)
        }
        table.matrixProductTransposed = { [matrixProductTransposed] arguments, scratch in
            arguments.check(bColumnCount: arguments.innerCount, scratch)
            matrixProductTransposed(arguments, scratch)
        }
        table.gradientProduct = { [gradientProduct] arguments, scratch in
            checkScratch(scratch)
            precondition(
                0 <= arguments.rowBegin && arguments.rowBegin <= arguments.rowEnd && arguments.columnCount >= 0,
                "rows of a gradient must be an ascending range and columns not negative")
            precondition(
                arguments.xRowStride >= arguments.rowEnd
                    && arguments.outputGradientRowStride >= arguments.columnCount,
                "samples of a gradient's operands must not overlap")
            arguments.program.check()
            gradientProduct(arguments, scratch)
        }
        table.columnSums = { [columnSums] arguments, scratch in
            checkScratch(scratch)
            precondition(arguments.positionCount >= 0, "counts must not be negative")
            checkRange(arguments.columnBegin, arguments.columnEnd, of: arguments.columnCount)
            arguments.program.check()
            columnSums(arguments, scratch)
        }
        table.checkWinograd()
        table.checkNormalization()
        table.dropout = { [dropout] arguments in
            arguments.check()
            dropout(arguments)
        }
        return table
    }

    private mutating func checkWinograd() {
        transformWinogradWeights = { [transformWinogradWeights] arguments, scratch in
            arguments.shape.check(scratch)
            transformWinogradWeights(arguments, scratch)
        }
        winogradForward = { [winogradForward] arguments, scratch in
            arguments.shape.check(scratch)
            precondition(arguments.sampleCount >= 0, "counts must not be negative")
            winogradForward(arguments, scratch)
        }
        winogradInputGradient = { [winogradInputGradient] arguments, scratch in
            arguments.shape.check(scratch)
            arguments.outputGradient.check(arguments.shape)
            precondition(arguments.sampleCount >= 0, "counts must not be negative")
            winogradInputGradient(arguments, scratch)
        }
        winogradWeightGradient = { [winogradWeightGradient] arguments, scratch in
            arguments.shape.check(scratch)
            arguments.outputGradient.check(arguments.shape)
            checkRange(arguments.channelBegin, arguments.channelEnd, of: arguments.shape.inputChannels)
            arguments.program.check()
            winogradWeightGradient(arguments, scratch)
        }
    }

    private mutating func checkNormalization() {
        squaredDeviationSums = { [squaredDeviationSums] arguments, scratch in
            checkScratch(scratch)
            precondition(arguments.positionCount >= 0, "counts must not be negative")
            checkRange(arguments.channelBegin, arguments.channelEnd, of: arguments.channelCount)
            arguments.program.check()
            squaredDeviationSums(arguments, scratch)
        }
        normalizationGradientSums = { [normalizationGradientSums] arguments, scratch in
            checkScratch(scratch)
            precondition(arguments.positionCount >= 0, "counts must not be negative")
            checkRange(arguments.channelBegin, arguments.channelEnd, of: arguments.channelCount)
            arguments.program.check()
            normalizationGradientSums(arguments, scratch)
        }
        normalize = { [normalize] arguments in
            precondition(arguments.positionCount >= 0 && arguments.channelCount >= 0, "counts must not be negative")
            normalize(arguments)
        }
        normalizationInputGradient = { [normalizationInputGradient] arguments in
            precondition(arguments.positionCount >= 0 && arguments.channelCount >= 0, "counts must not be negative")
            normalizationInputGradient(arguments)
        }
    }
}

extension WinogradShape {
    fileprivate func check(_ scratch: UnsafeMutableRawPointer) {
        checkScratch(scratch)
        precondition(
            inputHeight >= 1 && inputWidth >= 1 && inputChannels >= 1 && outputChannels >= 1 && computedHeight >= 1
                && computedWidth >= 1, "a Winograd convolution has inputs and outputs")
        precondition(
            inputChannels + outputChannels <= Self.channelLimit, "the scratch memory has no room for so many channels")
    }
}

extension WinogradOutputGradient {
    fileprivate func check(_ shape: WinogradShape) {
        precondition(!shape.isPooled || windowIndex != nil, "a pooled gradient needs the places of the maxima")
    }
}

extension DropoutArguments {
    fileprivate func check() {
        precondition(sampleCount >= 0 && elementCount >= 0, "counts must not be negative")
        precondition(threshold <= 1 << 16, "a threshold is a share of 2¹⁶")
        precondition(
            elementCount >> 3 <= Int(UInt32.max) && sampleCount <= Int(UInt32.max - firstPosition),
            "the draws of a dropout have 32 bits to count blocks and positions")
    }
}

extension SummationProgram {
    /// Traps unless every step sums at least one sample, the stack suffices, and nothing stays on it.
    public func check() {
        var depth = 0
        for step in UnsafeBufferPointer(start: steps, count: stepCount) {
            precondition(
                0 <= step.sampleBegin && step.sampleBegin < step.sampleEnd, "a step must sum at least one sample")
            precondition(step.mergeCount >= 0 && step.mergeCount <= depth, "a step merges more than the stack holds")
            depth -= Int(step.mergeCount)
            if step.rootIndex < 0 { depth += 1 }
            precondition(depth <= Self.maximumStackDepth, "the program needs too deep a stack")
        }
        precondition(depth == 0, "the program leaves a sum on the stack")
    }
}

extension MatrixProductArguments {
    fileprivate func check(bColumnCount: Int, _ scratch: UnsafeMutableRawPointer) {
        checkScratch(scratch)
        precondition(rowCount >= 0 && columnCount >= 0 && innerCount >= 0, "matrix sizes must not be negative")
        precondition(
            aRowStride >= innerCount && bRowStride >= bColumnCount && cRowStride >= columnCount,
            "rows of a matrix must not overlap")
        precondition(start != .bias || bias != nil, "a product that starts from the bias needs one")
    }
}

private func checkRange(_ begin: Int, _ end: Int, of count: Int) {
    precondition(0 <= begin && begin <= end && end <= count, "columns must be an ascending range of those there are")
}

private func checkScratch(_ scratch: UnsafeMutableRawPointer) {
    precondition(UInt(bitPattern: scratch).isMultiple(of: 64), "scratch must be 64-byte aligned")
}
