import Foundation
import KernelInterface
import Testing

/// The table in the article WinogradError; `SELVEDGE_WRITE_REFERENCE=1 scripts/test --filter WinogradErrorTests` writes
/// it again.
@Suite("Winograd's errors")
struct WinogradErrorTests {
    /// A layer of a shipped experiment.
    struct Layer: Sendable {
        let name: String
        let size: Int
        let inputChannels: Int
        let outputChannels: Int
        let isSame: Bool
        let isPooled: Bool

        init(_ name: String, _ size: Int, _ inputs: Int, _ outputs: Int, isSame: Bool = true, isPooled: Bool = false) {
            self.name = name
            self.size = size
            inputChannels = inputs
            outputChannels = outputs
            self.isSame = isSame
            self.isPooled = isPooled
        }

        var test: WinogradCase {
            WinogradCase(
                size, size, inputChannels, outputChannels, isSame: isSame, isPooled: isPooled, sampleCount: 2,
                isRectified: true)
        }
    }

    static let layers = [
        Layer("A-4, second", 13, 128, 128, isSame: false, isPooled: true),
        Layer("D-1 to D-7, second", 13, 64, 128, isSame: false, isPooled: true),
        Layer("D-1 to D-7, third", 5, 128, 128, isSame: false),
        Layer("D-8 and D-9, second", 14, 64, 128, isPooled: true),
        Layer("D-8 and D-9, third", 7, 128, 128),
        Layer("VGG16, block1_conv2", 32, 64, 64, isPooled: true),
        Layer("VGG16, block2_conv1", 16, 64, 128),
        Layer("VGG16, block2_conv2", 16, 128, 128, isPooled: true),
        Layer("VGG16, block3_conv1", 8, 128, 256),
        Layer("VGG16, block3_conv2", 8, 256, 256),
        Layer("VGG16, block4_conv1", 4, 256, 512),
        Layer("VGG16, block4_conv2", 4, 512, 512),
        Layer("VGG16, block5_conv1", 2, 512, 512),
    ]

    /// Errors of one layer: forward, input gradient, weight gradient.
    struct Errors {
        let direct: [RelativeError]
        let winograd: [RelativeError]

        init(_ test: WinogradCase, _ table: KernelTable) {
            let direct = test.direct(table)
            let exact = [
                test.pooled(test.exactForward()), test.exactInputGradient(),
                test.exactWeightGradient(0..<test.sampleCount),
            ]
            let steps = [
                SummationStep(sampleBegin: 0, sampleEnd: Int32(test.sampleCount), mergeCount: 0, rootIndex: 0)
            ]
            let winograd = [
                test.forward(table).values, test.inputGradient(table).values,
                test.weightGradient(table, steps, channels: [0..<test.shape.inputChannels]).values,
            ]
            self.direct = zip(
                [test.pooled(direct.forward), direct.inputGradient, direct.weightGradient], exact
            ).map { RelativeError($0, $1) }
            self.winograd = zip(winograd, exact).map { RelativeError($0, $1) }
        }
    }

    @Test("stay below their bounds and are those of the article")
    func table() throws {
        let table = try #require(tables.last)
        var lines: [String] = []
        for layer in Self.layers {
            let test = layer.test
            let errors = Errors(test, table)
            for (kind, error) in errors.winograd.enumerated() {
                #expect(error.rootMeanSquare < 3e-6 && error.maximum < 5e-5, "\(layer.name), \(kind)")
            }
            let cells = zip(errors.direct, errors.winograd).flatMap {
                [Self.text($0.rootMeanSquare, $0.maximum), Self.text($1.rootMeanSquare, $1.maximum)]
            }
            lines.append("| \(layer.name): \(test.label) | \(cells.joined(separator: " | ")) |")
        }
        let text = lines.joined(separator: "\n")
        let article = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Sources/Kernels/Dispatch/Kernels.docc/WinogradError.md").standardized
        let old = try String(contentsOf: article, encoding: .utf8)
        if ProcessInfo.processInfo.environment["SELVEDGE_WRITE_REFERENCE"] != nil {
            let head = old.prefix { $0 != "|" }
            let new = "\(head)\(Self.header)\n\(text)\n"
            try new.write(to: article, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOf: article, encoding: .utf8).contains(text))
    }

    private static let header = """
        | layer | forward: direct | Winograd | input gradient: direct | Winograd | weight gradient: direct | Winograd |
        |---|---|---|---|---|---|---|
        """

    /// Root mean square and maximum in millionths.
    private static func text(_ rootMeanSquare: Double, _ maximum: Double) -> String {
        String(format: "%.2f, %.1f", rootMeanSquare * 1e6, maximum * 1e6)
    }
}
