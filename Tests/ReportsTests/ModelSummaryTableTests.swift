import Testing

@testable import Reports

@Suite struct ModelSummaryTableTests {
    private let table = ModelSummaryTable(
        modelName: "A-1",
        layers: [
            .init(name: "conv2d", type: "Conv2D", outputShape: "(None, 26, 26, 32)", parameterCount: 320),
            .init(name: "max_pooling2d", type: "MaxPooling2D", outputShape: "(None, 13, 13, 32)", parameterCount: 0),
            .init(name: "flatten", type: "Flatten", outputShape: "(None, 5408)", parameterCount: 0),
            .init(name: "dense", type: "Dense", outputShape: "(None, 32)", parameterCount: 173_088),
            .init(name: "dense_1", type: "Dense", outputShape: "(None, 10)", parameterCount: 330, trainableCount: 0),
        ], optimizerValueCount: 2 * 173_738)

    @Test func tableHasTheWidthOfKeras() {
        #expect(
            table.text() == """
                Model: "A-1"
                ┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━┓
                ┃ Layer (type)                         ┃ Output Shape                ┃         Param # ┃
                ┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━┩
                │ conv2d (Conv2D)                      │ (None, 26, 26, 32)          │             320 │
                ├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤
                │ max_pooling2d (MaxPooling2D)         │ (None, 13, 13, 32)          │               0 │
                ├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤
                │ flatten (Flatten)                    │ (None, 5408)                │               0 │
                ├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤
                │ dense (Dense)                        │ (None, 32)                  │         173,088 │
                ├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤
                │ dense_1 (Dense)                      │ (None, 10)                  │             330 │
                └──────────────────────────────────────┴─────────────────────────────┴─────────────────┘
                 Total params: 173,738 (678.66 KB)
                 Trainable params: 173,408 (677.38 KB)
                 Non-trainable params: 330 (1.29 KB)
                 Optimizer state: 347,476 (1.33 MB)

                """)
    }

    @Test func everyLineFitsTheTerminal() {
        for columns in [10, 44, 50, 71, 80, 92, 200] {
            let lines = table.text(terminalColumns: columns).split(separator: "\n")
            let widths = lines[1..<13].map(\.unicodeScalars.count)
            #expect(Set(widths) == [min(88, max(40, columns - 4))], "\(columns) columns")
        }
        #expect(table.text(terminalColumns: 44).contains("│ max_pooling2d … │"))
    }

    @Test func numbersAreGroupedAndBytesScaled() {
        #expect([0, 999, 1000, -1_234_567].map(TextLayout.grouped) == ["0", "999", "1,000", "-1,234,567"])
        #expect(
            [0, 1023, 1024, 1 << 30].map(TextLayout.byteCount) == ["0.00 B", "1023.00 B", "1.00 KB", "1.00 GB"])
    }

    @Test func decimalsRoundAsInC() {
        #expect(FixedPoint.text(0.125, digits: 2) == "0.12")
        #expect(FixedPoint.text(0.375, digits: 2) == "0.38")
        #expect(FixedPoint.text(-1, digits: 0) == "-1")
        #expect(FixedPoint.text(Double.greatestFiniteMagnitude, digits: 4).utf8.count == 314)
    }
}
