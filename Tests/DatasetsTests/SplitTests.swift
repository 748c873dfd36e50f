import Datasets
import Testing

@Suite struct SplitTests {
    @Test(
        "a split holds every sample once, in the wanted proportion",
        arguments: [
            (0, 0.2, 0), (1, 0.2, 0), (3, 0.2, 1), (10, 0.2, 2), (1001, 0.25, 250), (60_000, 0.2, 12_000), (100, 0, 0),
        ])
    func partition(count: Int, fraction: Double, validationCount: Int) {
        let split = DatasetSplit.shuffled(count: count, validationFraction: fraction, seed: 4)
        #expect(split.validation.count == validationCount)
        #expect((split.training + split.validation).sorted() == (0..<count).map(Int32.init))
    }

    @Test("another seed gives another split, the same seed the same")
    func seeds() {
        let split = DatasetSplit.shuffled(count: 1000, validationFraction: 0.2, seed: 1)
        #expect(split == DatasetSplit.shuffled(count: 1000, validationFraction: 0.2, seed: 1))
        let other = DatasetSplit.shuffled(count: 1000, validationFraction: 0.2, seed: 2)
        #expect(split != other)
        // Two independent fifths share a fifth of their members.
        let sharedCount = Set(split.validation).intersection(other.validation).count
        #expect((15...70).contains(sharedCount))
    }

    @Test("split and epoch orders are the committed ones: a change would change every result")
    func golden() {
        let split = DatasetSplit.shuffled(count: 60_000, validationFraction: 0.2, seed: 1)
        #expect(split.training.prefix(8) == [44134, 1281, 20742, 29254, 31584, 34270, 51955, 36820])
        #expect(split.validation.prefix(8) == [23029, 49325, 15919, 56897, 33117, 15846, 1262, 7157])
        let first = EpochOrder.shuffle(split.training, seed: 1, epoch: 1)
        #expect(first.prefix(8) == [48419, 34601, 48304, 43562, 8512, 47245, 52754, 45030])
        let second = EpochOrder.shuffle(split.training, seed: 1, epoch: 2)
        #expect(second.prefix(8) == [43806, 28881, 35649, 13841, 6731, 30686, 18102, 45729])
    }

    @Test("an epoch visits each of its samples once; epochs and seeds differ")
    func epochs() {
        let indices = (0..<500).map { Int32($0 * 3) }
        let orders = [(1, 1), (1, 2), (2, 1)].map { seed, epoch in
            EpochOrder.shuffle(indices, seed: UInt64(seed), epoch: epoch)
        }
        #expect(Set(orders).count == 3)
        #expect(orders.allSatisfy { $0.sorted() == indices })
        #expect(EpochOrder.shuffle([], seed: 1, epoch: 0).isEmpty)
    }

    @Test("a split of a range is that of as many samples, moved; last and ranges hold the given samples")
    func ranges() {
        let split = DatasetSplit.shuffled(100..<1100, validationFraction: 0.2, seed: 1)
        let first = DatasetSplit.shuffled(count: 1000, validationFraction: 0.2, seed: 1)
        #expect(split.training == first.training.map { $0 + 100 })
        #expect(split.validation == first.validation.map { $0 + 100 })
        let last = DatasetSplit.last(10..<30, validationFraction: 0.1)
        #expect(last.training == Array(10..<28) && last.validation == [28, 29])
        let apart = DatasetSplit.ranges(training: 0..<3, validation: 5..<7)
        #expect(apart.training == [0, 1, 2] && apart.validation == [5, 6])
        let within = DatasetSplit.ranges(training: 0..<5, validation: 1..<3)
        #expect(within.training == [0, 3, 4] && within.validation == [1, 2])
    }
}
