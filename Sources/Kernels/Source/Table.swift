public import KernelInterface

/// This module's instruction set.
public var table: KernelTable {
    KernelTable(
        name: instructionSetName,
        laneCount: laneCount,
        matrixProduct: matrixProduct,
        matrixProductTransposed: matrixProductTransposed,
        gradientProduct: gradientProduct,
        columnSums: columnSums,
        convolutionForward: convolutionForward,
        convolutionForwardPooled: convolutionForwardPooled,
        convolutionWeightGradient: convolutionWeightGradient,
        convolutionWeightGradientPooled: convolutionWeightGradientPooled,
        flipConvolutionWeights: flipConvolutionWeights,
        maxPoolForward: maxPoolForward,
        maxPoolBackward: maxPoolBackward,
        reluForward: reluForward,
        reluBackward: reluBackward,
        exponential: exponential,
        logarithm: logarithm,
        sigmoid: sigmoid,
        scaleBytes: scaleBytes,
        add: add,
        allFinite: allFinite,
        adamUpdate: adamUpdate)
}
