import Coordination
import Testing

@testable import Cluster

@Suite("The confusion matrix of an epoch")
struct ValidationSumTests {
    private static func part(_ counts: [UInt32], generation: UInt64 = 1, epoch: UInt32 = 1) -> ValidationCounts {
        ValidationCounts(generation: generation, epoch: epoch, classCount: 2, counts: counts)
    }

    @Test("is the sum of the owners' parts, once all are there")
    func sum() {
        var sum = ValidationSum()
        #expect(sum.add(Self.part([1, 2, 3, 4]), from: 7, ownerCount: 2) == nil)
        // A part that comes twice counts once.
        #expect(sum.add(Self.part([1, 2, 3, 4]), from: 7, ownerCount: 2) == nil)
        #expect(sum.add(Self.part([10, 0, 0, 1]), from: 3, ownerCount: 2) == Self.part([11, 2, 3, 5]))
        #expect(
            sum.add(Self.part([1, 0, 0, 1], epoch: 2), from: 3, ownerCount: 1) == Self.part([1, 0, 0, 1], epoch: 2))
    }

    @Test("has no parts of another view or epoch")
    func otherView() {
        var sum = ValidationSum()
        #expect(sum.add(Self.part([1, 2, 3, 4]), from: 7, ownerCount: 2) == nil)
        #expect(sum.add(Self.part([5, 5, 5, 5], generation: 2), from: 3, ownerCount: 2) == nil)
        #expect(
            sum.add(Self.part([1, 1, 1, 1], generation: 2), from: 7, ownerCount: 2)
                == Self.part([6, 6, 6, 6], generation: 2))
        #expect(sum.add(Self.part([1, 1, 1, 1], generation: 2, epoch: 2), from: 7, ownerCount: 2) == nil)
    }
}
