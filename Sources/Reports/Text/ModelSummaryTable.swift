package import NeuralNetwork

/// A model's layers, shapes and parameter counts as a table in Keras's manner.
///
/// Unlike Keras's, the total counts the model alone; the optimizer's state has a separate line.
package struct ModelSummaryTable: Sendable, Equatable {
    package struct Layer: Sendable, Equatable {
        package var name: String
        package var type: String
        /// Such as "(None, 26, 26, 32)".
        package var outputShape: String
        package var parameterCount: Int
        /// Those of the parameters that training changes by gradients.
        package var trainableCount: Int

        /// Without `trainableCount` all parameters are trained.
        package init(
            name: String, type: String, outputShape: String, parameterCount: Int, trainableCount: Int? = nil
        ) {
            self.name = name
            self.type = type
            self.outputShape = outputShape
            self.parameterCount = parameterCount
            self.trainableCount = trainableCount ?? parameterCount
        }
    }

    package var modelName: String
    package var layers: [Layer]
    /// Single-precision values that the optimizer keeps; 0 leaves its line out.
    package var optimizerValueCount: Int

    package init(modelName: String, layers: [Layer], optimizerValueCount: Int = 0) {
        self.modelName = modelName
        self.layers = layers
        self.optimizerValueCount = optimizerValueCount
    }

    /// The table for a terminal of so many columns, each line ended by a line feed. It takes four columns less, from
    /// 40 to 88; cells that do not fit are cut.
    package func text(terminalColumns: Int = 92) -> String {
        let width = min(88, max(40, terminalColumns - 4))
        let firstEnd = width * 45 / 100
        let secondEnd = width * 80 / 100
        // Each cell has a space on both sides; borders lie at the ends of the columns.
        let widths = [firstEnd - 3, secondEnd - firstEnd - 4, width - secondEnd - 3]
        var lines = ["Model: \"\(modelName)\"", Self.rule("┏", "━", "┳", "┓", widths)]
        lines.append(Self.row("┃", ["Layer (type)", "Output Shape", "Param #"], widths))
        lines.append(Self.rule("┡", "━", "╇", "┩", widths))
        for (index, layer) in layers.enumerated() {
            if index > 0 { lines.append(Self.rule("├", "─", "┼", "┤", widths)) }
            let cells = [
                "\(layer.name) (\(layer.type))", layer.outputShape, TextLayout.grouped(layer.parameterCount),
            ]
            lines.append(Self.row("│", cells, widths))
        }
        lines.append(Self.rule("└", "─", "┴", "┘", widths))
        return (lines + totals).map { $0 + "\n" }.joined()
    }

    private var totals: [String] {
        let total = layers.reduce(0) { $0 + $1.parameterCount }
        let trainable = layers.reduce(0) { $0 + $1.trainableCount }
        var lines = [
            " Total params: \(Self.amount(total))", " Trainable params: \(Self.amount(trainable))",
            " Non-trainable params: \(Self.amount(total - trainable))",
        ]
        if optimizerValueCount > 0 { lines.append(" Optimizer state: \(Self.amount(optimizerValueCount))") }
        return lines
    }

    /// A count of single-precision values, and their bytes.
    private static func amount(_ count: Int) -> String {
        "\(TextLayout.grouped(count)) (\(TextLayout.byteCount(4 * count)))"
    }

    private static func rule(
        _ left: String, _ line: String, _ cross: String, _ right: String, _ widths: [Int]
    ) -> String {
        left + widths.map { String(repeating: line, count: $0 + 2) }.joined(separator: cross) + right
    }

    /// A row whose last cell is aligned right.
    private static func row(_ border: String, _ cells: [String], _ widths: [Int]) -> String {
        let padded = zip(cells, widths).enumerated().map { index, cell in
            let text = TextLayout.cut(cell.0, cell.1)
            return index == cells.count - 1 ? TextLayout.right(text, cell.1) : TextLayout.left(text, cell.1)
        }
        return border + padded.map { " \($0) " }.joined(separator: border) + border
    }
}

extension ModelSummaryTable {
    /// The table of a checked model.
    package init(_ model: Model, name: String) {
        self.init(
            modelName: name,
            layers: model.layers.map { layer in
                Layer(
                    name: layer.name, type: layer.type, outputShape: layer.outputShapeText,
                    parameterCount: layer.parameterCount, trainableCount: layer.trainableCount)
            })
    }
}
