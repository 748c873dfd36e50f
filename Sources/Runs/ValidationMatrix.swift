/// How often validation samples of each class were taken for each class after an epoch: the content of validation.json,
/// for people and programs that watch. It is not synchronized to disk.
package struct ValidationMatrix: Sendable, Equatable {
    /// From 1.
    package var epoch: Int
    /// Those that the data name; there may be more classes.
    package var classNames: [String]
    /// `counts[true class][predicted class]`.
    package var counts: [[Int]]

    private static let classLimit = 64

    package init(epoch: Int, classNames: [String], counts: [[Int]]) {
        self.epoch = epoch
        self.classNames = classNames
        self.counts = counts
    }

    /// One JSON object in one line.
    package var json: String {
        let rows = counts.map { "[\($0.map(String.init).joined(separator: ","))]" }
        let names = classNames.map(JSONText.string)
        return
            "{\"epoch\":\(epoch),\"classes\":[\(names.joined(separator: ","))],\"counts\":[\(rows.joined(separator: ","))]}"
    }

    /// Reads the text of the file; nil where it is not a matrix.
    package init?(json: [UInt8]) {
        guard let fields = try? JSONValue(parsing: json).object, let epoch = fields["epoch"]?.count,
            let names = fields["classes"]?.array?.compactMap(\.string), let rows = fields["counts"]?.array,
            rows.count <= Self.classLimit
        else { return nil }
        let counts = rows.compactMap { row in row.array.map { $0.compactMap(\.count) } }
        guard counts.count == rows.count, counts.allSatisfy({ $0.count == rows.count }) else { return nil }
        self.init(epoch: epoch, classNames: names, counts: counts)
    }
}
