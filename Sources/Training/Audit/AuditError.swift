/// Why a gradient cannot be computed again.
package enum AuditError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The state does not stand before this step (both counted from 1).
    case otherStep(expected: Int, found: Int)
    /// The state stands before a validation, which has no gradient.
    case noStep(round: Int)
    /// What is said to have been agreed on inside the pass has not the sizes that the model asks for.
    case agreedSums(expected: [Int], found: [Int])

    package var description: String {
        switch self {
        case .otherStep(let expected, let found):
            "the audit is of step \(expected), but the state stands before step \(found): give the state before the step"
        case .noStep(let round):
            "the state stands before round \(round), a validation, which has no gradient to audit"
        case .agreedSums(let expected, let found):
            "the model agrees on sums of \(expected) numbers inside its pass, the audit was given \(found): "
                + "give those that the workers agreed on"
        }
    }
}
