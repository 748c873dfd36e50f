import Foundation

/// What the epochs in timings.jsonl cost together. Of an epoch that was done twice the last counts.
struct RunTiming: Equatable {
    let seconds: Double
    let imagesPerSecond: Double

    private struct Line: Decodable {
        var epoch: Int
        var seconds: Double
        var imagesPerSecond: Double

        enum CodingKeys: String, CodingKey {
            case epoch, seconds
            case imagesPerSecond = "images_per_second"
        }
    }

    init(jsonLines text: String) throws(RunFileError) {
        var epochs: [Int: Line] = [:]
        for (index, line) in text.split(separator: "\n").enumerated() {
            // A change of the membership is none of an epoch's.
            if line.hasPrefix("{\"recovery\":") { continue }
            guard let value = try? JSONDecoder().decode(Line.self, from: Data(line.utf8)), value.seconds > 0 else {
                throw RunFileError(description: "line \(index + 1) is no timing")
            }
            epochs[value.epoch] = value
        }
        // Summed in the order of epochs.
        let lines = epochs.values.sorted { $0.epoch < $1.epoch }
        seconds = lines.reduce(0) { $0 + $1.seconds }
        imagesPerSecond =
            seconds > 0 ? lines.reduce(0) { $0 + $1.imagesPerSecond * $1.seconds } / seconds : 0
    }
}
