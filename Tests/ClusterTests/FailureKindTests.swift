import Coordination
import Testing
import Training

@testable import Cluster

@Suite("Reported failures of a step")
struct FailureKindTests {
    @Test("names the same step and micro-batch as the error's own text")
    func steps() {
        #expect(
            FailureKind.ofStep(TrainingError.nonFiniteLoss(step: 3, microBatch: 5))?.kind
                == .nonFinite(step: 3, microBatch: 5, what: "the loss"))
        #expect(
            FailureKind.ofStep(TrainingError.nonFiniteValidationLoss(epoch: 1, step: 4, microBatch: 5))?.kind
                == .nonFinite(step: 4, microBatch: 5, what: "the validation loss"))
        #expect(
            FailureKind.ofStep(TrainingError.nonFiniteGradient(step: 3))?.kind
                == .nonFinite(step: 3, microBatch: nil, what: "the gradient"))
        #expect(FailureKind.ofStep(ExchangeError(rank: nil, .interrupted))?.kind == nil)
        #expect(FailureKind.ofStep(ExchangeError(rank: 1, .linkLost(rank: 1)))?.kind == .peerLost(rank: 1))
    }
}
