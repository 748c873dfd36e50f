internal import KernelInterface

/// The arrays of one update: parameters, the slots that the optimizer has, and the gradient sum.
struct OptimizerArrays {
    var count: Int
    var parameters: UnsafeMutablePointer<Float>
    /// A literal, so that the loop has no test for it.
    var slotCount: Int
    /// Any address where there is no such slot.
    var first: UnsafeMutablePointer<Float>
    var second: UnsafeMutablePointer<Float>
    /// Floats from a value to the place of its new value.
    var resultOffset: Int
    var gradientSum: UnsafePointer<Float>
    var batchSize: Float
    var adjustment: GradientAdjustment
}

/// The values of one element that an update replaces; slots that an optimizer does not have are 0.
struct OptimizerElement {
    var parameter: Float
    var first: Float = 0
    var second: Float = 0
}

/// Replaces each element's values by what `update` makes of them and of the element of the gradient, as
/// `GradientAdjustment`. New values that go elsewhere are written block by block.
@inline(always)
func updateElements(
    _ arrays: OptimizerArrays, _ update: (_ element: inout OptimizerElement, _ gradient: Float) -> Void
) {
    if arrays.resultOffset == 0 {
        return updateElements(
            arrays, 0, arrays.count, arrays.parameters, arrays.first, arrays.second, update)
    }
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 3 &* blockElementCount) { buffer in
        guard let block = buffer.baseAddress else { return }
        var begin = 0
        while begin &+ blockElementCount <= arrays.count {
            updateBlock(arrays, begin, blockElementCount, block, update)
            begin &+= blockElementCount
        }
        updateBlock(arrays, begin, arrays.count &- begin, block, update)
    }
}

/// Measured: blocks of 16 to 128 are equally fast, longer ones are not computed while the one before is copied.
@inline(always)
private var blockElementCount: Int { 64 }

/// New values are first written to `memory` on the stack, which overlaps no array: so the compiler vectorizes the loop
/// without a look at the arrays' addresses, of which there are too many.
@inline(always)
private func updateBlock(
    _ arrays: OptimizerArrays, _ begin: Int, _ count: Int, _ memory: UnsafeMutablePointer<Float>,
    _ update: (_ element: inout OptimizerElement, _ gradient: Float) -> Void
) {
    let first = memory + blockElementCount
    let second = first + blockElementCount
    updateElements(arrays, begin, count, memory, first, second, update)
    let result = begin &+ arrays.resultOffset
    copy(count, memory, arrays.parameters + result)
    if arrays.slotCount > 0 { copy(count, first, arrays.first + result) }
    if arrays.slotCount > 1 { copy(count, second, arrays.second + result) }
}

/// Writes the new values of `count` elements from `begin` on to these addresses.
@inline(always)
private func updateElements(
    _ arrays: OptimizerArrays, _ begin: Int, _ count: Int, _ parameters: UnsafeMutablePointer<Float>,
    _ first: UnsafeMutablePointer<Float>, _ second: UnsafeMutablePointer<Float>,
    _ update: (_ element: inout OptimizerElement, _ gradient: Float) -> Void
) {
    forEachGradient(arrays, begin, count) { index, gradient in
        let place = begin &+ index
        var element = OptimizerElement(parameter: arrays.parameters[place])
        if arrays.slotCount > 0 { element.first = arrays.first[place] }
        if arrays.slotCount > 1 { element.second = arrays.second[place] }
        update(&element, gradient)
        parameters[index] = element.parameter
        if arrays.slotCount > 0 { first[index] = element.first }
        if arrays.slotCount > 1 { second[index] = element.second }
    }
}

@inline(always)
private func copy(_ count: Int, _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>) {
    var index = 0
    while index < count {
        target[index] = source[index]
        index &+= 1
    }
}

/// Calls `update` with the elements of the gradient from `begin` on, counted from there.
///
/// Three loops, so that an optimizer without penalties and clipping pays nothing for them, and a batch that is a power of
/// two for no division: the product with its reciprocal has the bits of the quotient, also where that is subnormal.
@inline(always)
private func forEachGradient(
    _ arrays: OptimizerArrays, _ begin: Int, _ count: Int, _ update: (_ index: Int, _ gradient: Float) -> Void
) {
    let gradientSum = arrays.gradientSum + begin
    let batchSize = arrays.batchSize
    let adjustment = arrays.adjustment
    var index = 0
    if adjustment.clipFactor == 1 && !adjustment.hasPenalty {
        if batchSize.significandBitPattern == 0 {
            let reciprocal = 1 / batchSize
            while index < count {
                update(index, gradientSum[index] * reciprocal)
                index &+= 1
            }
            return
        }
        while index < count {
            update(index, gradientSum[index] / batchSize)
            index &+= 1
        }
        return
    }
    while index < count {
        let gradient = penalized(gradientSum[index] / batchSize, arrays.parameters[begin &+ index], adjustment)
        update(index, gradient * adjustment.clipFactor)
        index &+= 1
    }
}

/// An element of the mean gradient with the gradients of both penalties.
@inline(always)
func penalized(_ gradient: Float, _ parameter: Float, _ adjustment: GradientAdjustment) -> Float {
    let sign: Float = parameter > 0 ? 1 : parameter < 0 ? -1 : 0
    return gradient.addingProduct(2 * adjustment.l2, parameter).addingProduct(adjustment.l1, sign)
}

extension GradientAdjustment {
    /// Whether the parameters have a part in the gradient.
    @inline(always)
    var hasPenalty: Bool { l1 != 0 || l2 != 0 }
}
