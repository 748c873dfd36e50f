/// How a run under a plan ended.
enum TortureOutcome: Equatable {
    /// The same bits, by itself.
    case equal
    /// The same bits, after it was resumed.
    case resumed
    /// It refused to go on or failed, in one line.
    case failed(String)
    /// Other bits than the undisturbed run.
    case unequal(String)
    /// It did not end.
    case hung(String)

    var isEqual: Bool { self == .equal || self == .resumed }

    /// The column that it counts in.
    var column: Column {
        switch self {
        case .equal: .equal
        case .resumed: .resumed
        case .failed: .failed
        case .unequal: .unequal
        case .hung: .hung
        }
    }

    enum Column: String, CaseIterable {
        case equal
        case resumed = "equal after resume"
        case failed = "refused or failed"
        case unequal = "UNEQUAL"
        case hung = "HUNG"
    }

    /// What is to be said about it besides its column.
    var detail: String? {
        switch self {
        case .equal, .resumed: nil
        case .failed(let text), .unequal(let text), .hung(let text): text
        }
    }
}
