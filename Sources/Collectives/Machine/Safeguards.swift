/// What keeps sums right when frames are late, doubled or old. All of it is always on; only tests, which have to show that
/// they would notice its absence, switch one off.
struct Safeguards: Sendable {
    /// Frames of another generation are not taken.
    var checksGeneration = true
    /// A frame that came before is not taken again.
    var dropsDuplicates = true
    /// Roots are added in the tree's order.
    var addsByTree = true
}
