import Foundation
import Glibc
import Testing

@testable import SelvedgeCommand

@Suite struct ProgressLineTests {
    private let line = ProgressLine(
        epoch: 10, epochCount: 20, step: 1234, stepsPerEpoch: 1500, elapsedSeconds: 10, timedStepCount: 1000,
        imagesPerSecond: 12345.6, loss: 0.2981, accuracy: 0.8912, workerCount: 2)

    @Test(arguments: [60, 72, 80, 100, 110, 120, 200])
    func `metrics are on one line of any terminal`(columns: Int) {
        let text = line.text(columns: columns)
        #expect(text.count <= columns, "\(text)")
        #expect(text.contains("0.2981") && text.contains("0.8912"), "\(text)")
    }

    @Test func `the bar gives way first, then the remaining time`() {
        let parts = [60, 79, 92, 120].map { columns in
            let text = line.text(columns: columns)
            return [text.contains("img/s"), text.contains("workers"), text.contains("ETA 3s"), text.contains("━")]
        }
        #expect(
            parts == [
                [true, false, false, false], [true, true, true, false], [true, true, true, true],
                [true, true, true, true],
            ])
    }

    @Test(arguments: [40, 59, 79, 119])
    func `an epoch's line fits`(columns: Int) {
        let epoch = EpochLine(
            epoch: 10, epochCount: 20, timing: (12.345, 12_345), loss: 0.2981, accuracy: 0.8912, validationLoss: 0.3402,
            validationAccuracy: 0.875)
        let text = epoch.text(columns: columns)
        #expect(text.count <= columns && text.contains("0.3402") && text.contains("0.8750"), "\(text)")
        #expect(epoch.text(columns: nil).hasSuffix(" - val_accuracy: 0.8750 - val_loss: 0.3402"))
    }

    @Test func `a line that a narrower terminal has broken is erased in all its rows`() {
        #expect(LineEraser.sequence(drawnCharacters: 79, columns: 80) == "\r\u{1B}[J")
        #expect(LineEraser.sequence(drawnCharacters: 119, columns: 60) == "\r\u{1B}[1A\u{1B}[J")
        #expect(LineEraser.sequence(drawnCharacters: 121, columns: 60) == "\r\u{1B}[2A\u{1B}[J")
    }
}

@Suite struct ContinuationTests {
    @Test func `a training continues with its flags and its run`() {
        let command = Continuation(arguments: [
            "selvedge", "train", "A-1", "--run", "x", "--epochs", "3", "--init=a b", "--resume", "old", "--fault",
            "kill worker=1",
        ]).command(run: "runs/it's")
        #expect(command == "selvedge train A-1 --epochs 3 --fault 'kill worker=1' --run 'runs/it'\\''s' --resume")
    }

    @Test func `another command is repeated`() {
        let continuation = Continuation(arguments: ["selvedge", "reproduce", "--group", "A"])
        #expect(continuation.command(run: "runs/A-1-1") == "selvedge reproduce --group A")
    }
}
