/// Finds the known name that a misspelt one probably means.
package enum NearestName {
    /// The candidate with the fewest changed letters, ignoring case, if at most a third of the letters differ; the
    /// first of several.
    package static func of(_ text: String, among candidates: [String]) -> String? {
        guard text.utf8.count <= 100 else { return nil }
        let ranked = candidates.map { (name: $0, distance: distance(text.lowercased(), $0.lowercased())) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= max(1, max(text.count, best.name.count) / 3) ? best.name : nil
    }

    /// The number of letters to add, drop, replace or swap with a neighbour (optimal string alignment).
    package static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left)
        let right = Array(right)
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in 0..<left.count {
            var current = [row + 1]
            for column in 0..<right.count {
                let replaced = last[column] + (left[row] == right[column] ? 0 : 1)
                var best = min(replaced, last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                current.append(best)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
