import Core

/// What an experiment may ask for, whether it comes from a file or from flags.
enum ExperimentLimits {
    static let batchSize = 1...1_048_576
    static let epochs = 1...100_000
    static let microBatchCount = 1...64
    static let layers = 1...1000
    static let imageExtent = 1...65_536
    static let channels = 1...4096
    static let filters = 1...65_536
    static let kernelExtent = 1...1024
    static let units = 1...1_048_576
    static let sampleNumber = 0...Int(Int32.max)
    static let classes = 1...256
    static let classNameByteCount = 100
    static let pathByteCount = 1000
    static let padding = 1...1024

    static let nameExpectation = "letters, digits, \".\", \"_\" and \"-\", beginning with a letter or digit, at most 64"
    static let layerNameExpectation = "letters, digits, \"_\" and \"-\", beginning with a letter or digit, at most 64"
    static let microBatchExpectation = "a power of two from 1 to 64"

    /// Whether a text may name an experiment, and so a folder.
    static func isName(_ text: String) -> Bool { SettingName.isValid(text) }

    static func isMicroBatchCount(_ count: Int) -> Bool {
        microBatchCount.contains(count) && count & (count - 1) == 0
    }
}
