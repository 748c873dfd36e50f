/// How often samples of each class were taken for each class.
package struct ConfusionMatrix: Sendable, Equatable {
    package let classNames: [String]
    /// `counts[true class][predicted class]`.
    package private(set) var counts: [[Int]]

    /// The names, and further ones up to a model's number of outputs, which may be higher.
    package static func names(_ classNames: [String], outputCount: Int) -> [String] {
        classNames + (classNames.count..<max(classNames.count, outputCount)).map { "class \($0)" }
    }

    /// An empty matrix.
    package init(classNames: [String]) {
        self.classNames = classNames
        counts = Array(repeating: Array(repeating: 0, count: classNames.count), count: classNames.count)
    }

    /// The matrix of these samples; labels and predictions are class indices.
    package init(classNames: [String], labels: some Collection<UInt8>, predictions: some Collection<UInt8>) {
        precondition(labels.count == predictions.count, "as many predictions as labels")
        self.init(classNames: classNames)
        for (label, prediction) in zip(labels, predictions) { record(label: Int(label), prediction: Int(prediction)) }
    }

    package mutating func record(label: Int, prediction: Int) {
        precondition(counts.indices.contains(label) && counts.indices.contains(prediction), "a class without a name")
        counts[label][prediction] += 1
    }

    package var sampleCount: Int { counts.reduce(0) { $0 + $1.reduce(0, +) } }

    /// The samples whose class was found: the diagonal's sum.
    package var correctCount: Int { counts.indices.reduce(0) { $0 + counts[$1][$1] } }

    /// The share of samples whose class was not found: 1 − trace / sum; 0 without samples.
    package var misclassification: Double {
        sampleCount == 0 ? 0 : Double(sampleCount - correctCount) / Double(sampleCount)
    }

    func trueCount(of index: Int) -> Int { counts[index].reduce(0, +) }

    func predictedCount(of index: Int) -> Int { counts.reduce(0) { $0 + $1[index] } }
}

extension ConfusionMatrix {
    /// A table with the true classes in rows and the predicted classes in columns, then the total misclassification;
    /// each line ends with a line feed.
    package var text: String { text(columns: nil) }

    /// The table for a terminal of so many columns; nil for any number. Columns that do not fit under their names have
    /// numbers instead, and where even those do not fit the largest confusions are listed.
    package func text(columns: Int?) -> String {
        let share = FixedPoint.text(100 * misclassification, digits: 2)
        let total = ["", "misclassified: \(sampleCount - correctCount) of \(sampleCount) (\(share) %)"]
        let limit = columns ?? .max
        let numbers = classNames.indices.map(String.init)
        let numbered = zip(numbers, classNames).map { "\($1) \($0)" }
        for (names, headings) in [(classNames, classNames), (numbered, numbers), (numbers, numbers)] {
            let lines = table(names, headings)
            if TextLayout.width(lines[0]) <= limit { return (lines + total).map { $0 + "\n" }.joined() }
        }
        return (largestConfusions(columns: limit) + total).map { $0 + "\n" }.joined()
    }

    private func table(_ names: [String], _ headings: [String]) -> [String] {
        let corner = "true \\ predicted"
        let rowWidth = ([corner] + names).map(TextLayout.width).max() ?? 0
        let columnWidths = headings.indices.map { column in
            ([headings[column]] + counts.map { String($0[column]) }).map(TextLayout.width).max() ?? 0
        }
        return [line(corner, rowWidth, headings, columnWidths)]
            + zip(names, counts).map { line($0, rowWidth, $1.map(String.init), columnWidths) }
    }

    private static let listedConfusions = 10

    private func largestConfusions(columns: Int) -> [String] {
        let cells = counts.indices.flatMap { row in
            counts.indices.filter { $0 != row && counts[row][$0] > 0 }.map { (row: row, column: $0) }
        }
        let ranked = cells.sorted { left, right in
            let (first, second) = (counts[left.row][left.column], counts[right.row][right.column])
            return first != second ? first > second : (left.row, left.column) < (right.row, right.column)
        }
        return ["most frequent confusions (true → predicted):"]
            + ranked.prefix(Self.listedConfusions).map { cell in
                let line = "\(counts[cell.row][cell.column])  \(classNames[cell.row]) → \(classNames[cell.column])"
                return TextLayout.cut(line, columns)
            }
    }

    private func line(_ name: String, _ rowWidth: Int, _ cells: [String], _ columnWidths: [Int]) -> String {
        TextLayout.right(name, rowWidth) + zip(cells, columnWidths).map { "  " + TextLayout.right($0, $1) }.joined()
    }
}
