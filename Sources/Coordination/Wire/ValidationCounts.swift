/// How often an owner took samples of each class for each class in its part of an epoch's validation. It is for display
/// only and is sent once: a lost one leaves the epoch without a matrix.
///
/// 32 bits are enough for epochs and for the samples of a data set.
package struct ValidationCounts: Sendable, Equatable {
    package var generation: UInt64
    /// From 1.
    package var epoch: UInt32
    /// At most ``WireLimits/validationClassCount``.
    package var classCount: Int
    /// Row by row: the true class, then the predicted class.
    package var counts: [UInt32]

    package init(generation: UInt64, epoch: UInt32, classCount: Int, counts: [UInt32]) {
        precondition(counts.count == classCount * classCount, "a count for each pair of classes")
        self.generation = generation
        self.epoch = epoch
        self.classCount = classCount
        self.counts = counts
    }
}

extension ValidationCounts: WireValue {
    func encode(into writer: inout MessageWriter) {
        precondition(classCount <= WireLimits.validationClassCount, "too many classes for one message")
        writer.integer(generation)
        writer.integer(epoch)
        writer.integer(UInt32(classCount))
        for count in counts { writer.integer(count) }
    }

    init(from reader: inout MessageReader) throws(MessageError) {
        generation = try reader.number("generation")
        epoch = try reader.integer(UInt32.self, "epoch")
        let classCount = try reader.integer(UInt32.self, "classes")
        guard classCount <= WireLimits.validationClassCount else { throw .tooLong(field: "classes") }
        self.classCount = Int(classCount)
        counts = []
        for _ in 0..<classCount * classCount { counts.append(try reader.integer(UInt32.self, "validation count")) }
    }
}
