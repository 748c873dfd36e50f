import Foundation

/// The evaluation in a report.json.
struct TestResult: Equatable {
    let accuracy: Double
    /// Nil for a loss that is not a number.
    let loss: Double?

    private struct Report: Decodable {
        struct Test: Decodable {
            var accuracy: Double
            var loss: Double?
        }
        var test: Test
    }

    init(json text: String) throws(RunFileError) {
        guard let report = try? JSONDecoder().decode(Report.self, from: Data(text.utf8)) else {
            throw RunFileError(description: "it is no report of a training")
        }
        accuracy = report.test.accuracy
        loss = report.test.loss
    }
}

/// What is wrong with a file of a run.
struct RunFileError: Error, CustomStringConvertible {
    let description: String
}
