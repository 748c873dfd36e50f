import TestSupport
import Testing

@testable import Runs

@Suite struct EpochRowTests {
    private let row = EpochRow(
        epoch: 1, step: 94, loss: 0.1 + 0.2, accuracy: 1, validationLoss: 1e-7, validationAccuracy: 0.8171,
        learningRate: 0.001)

    @Test func rowsAreWrittenShortestAndInOrder() {
        #expect(
            row.jsonLine == #"{"epoch":1,"step":94,"loss":0.30000000000000004,"accuracy":1.0,"val_loss":1e-07,"#
                + #""val_accuracy":0.8171,"learning_rate":0.001}"#)
        #expect(
            EpochRow.csv([row]) == """
                epoch,loss,accuracy,val_loss,val_accuracy,learning_rate
                1,0.30000000000000004,1.0,1e-07,0.8171,0.001

                """)
    }

    @Test func divergedRowsHoldNull() throws {
        var diverged = row
        diverged.loss = .nan
        diverged.validationLoss = -.infinity
        #expect(
            diverged.jsonLine == #"{"epoch":1,"step":94,"loss":null,"accuracy":1.0,"val_loss":null,"#
                + #""val_accuracy":0.8171,"learning_rate":0.001,"diverged":true}"#)
        #expect(diverged.csvLine == "1,nan,1.0,nan,0.8171,0.001")
        let parsed = try EpochRow(jsonLine: diverged.jsonLine)
        #expect(parsed.loss.isNaN && parsed.validationLoss?.isNaN == true && parsed.hasDiverged)
        #expect(parsed.jsonLine == diverged.jsonLine)
    }

    @Test func randomRowsReadBackToTheSameBits() throws {
        var generator = SeededGenerator(seed: 1)
        var rows: [EpochRow] = []
        for epoch in 1...2000 {
            func number() -> Double {
                let value = Double(bitPattern: generator.next())
                return value.isFinite ? value : 0
            }
            let rate = Float(bitPattern: UInt32(truncatingIfNeeded: generator.next()))
            rows.append(
                EpochRow(
                    epoch: epoch, step: 94 * epoch, loss: number(), accuracy: number(), validationLoss: number(),
                    validationAccuracy: number(), learningRate: rate.isFinite ? rate : 1))
        }
        #expect(try EpochRow.rows(jsonLines: EpochRow.jsonLines(rows)) == rows)
        #expect(try EpochRow.rows(jsonLines: "") == [])
    }

    @Test func otherTextIsRefused() {
        let line = row.jsonLine
        let wrong = [
            "", "{}", line + " ", " " + line, line + "x", line.replacing("1.0", "1"),
            line.replacing("\"epoch\":1", "\"epoch\":0"),
            line.replacing("\"step\"", "\"steps\""), line.replacing(",", ", "), line.replacing("1e-07", "inf"),
            line.replacing("}", ",\"diverged\":true}"), line.replacing("1.0", "null"),
            line.replacing("0.001}", "0.001,\"step\":94}"), line.replacing("94", "-94"),
        ]
        for text in wrong {
            #expect(throws: EpochRowError.self, "\(text)") { try EpochRow(jsonLine: text) }
        }
    }

    @Test func rowsOutOfOrderOrCutOffAreRefused() {
        let second =
            #"{"epoch":2,"step":94,"loss":1.0,"accuracy":1.0,"val_loss":1.0,"val_accuracy":1.0,"learning_rate":1.0}"#
        for text in [row.jsonLine, second + "\n", row.jsonLine + "\n" + second + "\n", row.jsonLine + "\n\n"] {
            #expect(throws: EpochRowError.self, "\(text)") { try EpochRow.rows(jsonLines: text) }
        }
    }
}

extension String {
    fileprivate func replacing(_ old: String, _ new: String) -> String {
        guard let start = firstIndex(ofText: old) else { return "" }
        return String(self[..<start]) + new + String(self[index(start, offsetBy: old.count)...])
    }

    private func firstIndex(ofText text: String) -> Index? {
        indices.first { self[$0...].hasPrefix(text) }
    }
}
