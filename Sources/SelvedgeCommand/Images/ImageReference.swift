/// An image as a user names it.
enum ImageReference: Equatable {
    enum Split: String {
        case test, train
    }

    /// One of the data set's, counted from 0.
    case sample(Split, Int)
    case file(String)

    init(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count == 2, let split = Split(rawValue: String(parts[0])), let index = Int(parts[1]), index >= 0 {
            self = .sample(split, index)
        } else {
            self = .file(text)
        }
    }
}
