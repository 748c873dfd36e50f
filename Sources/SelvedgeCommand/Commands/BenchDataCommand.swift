import ArgumentParser
import Core
import Datasets
import Foundation

/// Times how fast a data file is read on one core.
struct BenchDataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Time the reading of a data file: megabytes and images a second on one core.")

    @Argument(help: "A CSV file with a header and a label first, or an IDX file of images; plain or with .gz.")
    var file: String

    @Option(help: "Height and width of the images of a CSV file.")
    var side: Int = 28

    @Option(help: "Values for each pixel of a CSV file.")
    var channels: Int = 1

    @Option(help: "Number of times the file is read; the fastest counts.")
    var repetitions: Int = 5

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard side > 0, channels > 0, repetitions > 0 else {
            throw ValidationError("--side, --channels and --repetitions take numbers from 1")
        }
    }

    func run() throws {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: file),
            let byteCount = (attributes[.size] as? NSNumber)?.int64Value
        else {
            throw ExitStatus(ProcessExitCode.missingInput, "no file \(file): give the data file to read")
        }
        let megabytes = Double(byteCount) / 1e6
        var imageCount = 0
        var seconds = Double.infinity
        for _ in 0..<repetitions {
            let start = MonotonicTime.now
            imageCount = try readImages()
            seconds = min(seconds, Double(start.elapsedNanoseconds) / 1e9)
        }
        let report = Report(
            file: file, megabytes: megabytes, images: imageCount, seconds: seconds,
            megabytesPerSecond: megabytes / seconds, imagesPerSecond: Double(imageCount) / seconds)
        Console.result(json ? JSONResult.text("bench data", object: try report.json()) : report.text)
    }

    /// Reads the file and gives how many images it has.
    private func readImages() throws -> Int {
        let name = file.hasSuffix(".gz") ? String(file.dropLast(3)) : file
        guard name.lowercased().hasSuffix(".csv") else {
            return try IDXFile.images(from: Array(Data(contentsOf: URL(fileURLWithPath: file))), name: file).count
        }
        let format = ImageFormat(
            height: side, width: side, channels: channels, classNames: (0..<256).map(String.init))
        return try CSVImages.load(name, format: format, searching: ["."]).sampleCount
    }

    private struct Report: Encodable {
        let file: String
        let megabytes: Double
        let images: Int
        let seconds: Double
        let megabytesPerSecond: Double
        let imagesPerSecond: Double

        var text: String {
            String(
                format: "%@: %.1f MB, %d images in %.3f s: %.0f MB/s, %.0f images/s", file, megabytes, images, seconds,
                megabytesPerSecond, imagesPerSecond)
        }

        func json() throws -> String { try JSONResult.object(self) }
    }
}
