import Testing

@testable import Training

@Suite("Which gradients are computed twice")
struct AuditScheduleTests {
    private func count(share: Double, seed: UInt64 = 1) -> Int {
        let schedule = AuditSchedule(share: share, seed: seed)
        return (0..<1000).reduce(0) { sum, step in
            sum + (0..<8).count { schedule.isAudited(step: step, owner: $0) }
        }
    }

    @Test("none for a share of 0, all for 1, about the share between")
    func shares() {
        #expect(count(share: 0) == 0 && count(share: 1) == 8000)
        // Five standard deviations of a binomial distribution.
        #expect(abs(count(share: 0.25) - 2000) < 200)
        #expect(abs(count(share: 0.01) - 80) < 45)
    }

    @Test("the same for everybody, another with another seed; a larger share audits all that a smaller one does")
    func pure() {
        let (small, large) = (AuditSchedule(share: 0.2, seed: 9), AuditSchedule(share: 0.6, seed: 9))
        let other = AuditSchedule(share: 0.2, seed: 10)
        var differs = false
        for step in 0..<200 {
            for owner in 0..<4 {
                let isAudited = small.isAudited(step: step, owner: owner)
                #expect(isAudited == AuditSchedule(share: 0.2, seed: 9).isAudited(step: step, owner: owner))
                if isAudited { #expect(large.isAudited(step: step, owner: owner)) }
                differs = differs || isAudited != other.isAudited(step: step, owner: owner)
            }
        }
        #expect(differs)
    }

    @Test("by the next rank, and by none for a single worker")
    func ranks() {
        #expect(AuditSchedule.auditor(of: 0, ownerCount: 1) == nil)
        #expect(AuditSchedule.audited(by: 0, ownerCount: 1) == nil)
        for count in 2...5 {
            for rank in 0..<count {
                let auditor = AuditSchedule.auditor(of: rank, ownerCount: count)
                #expect(auditor == (rank + 1) % count)
                #expect(auditor.flatMap { AuditSchedule.audited(by: $0, ownerCount: count) } == rank)
            }
        }
    }
}
