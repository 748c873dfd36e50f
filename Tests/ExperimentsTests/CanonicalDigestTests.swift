import Core
import Testing

@testable import Experiments

/// Canonical forms are part of checkpoints: their bytes must never change.
@Suite struct CanonicalDigestTests {
    private static func digest(_ texts: [String]) -> String {
        SHA256Digest(of: Array(texts.joined().utf8)).hexadecimal
    }

    @Test func printAll() throws {
        for name in Experiment.shippedNames {
            let form = try Experiment.shipped(named: name).canonicalForm
            print("        \"\(name)\": \"\(Self.digest([form]).prefix(16))\",")
        }
        print("made", Self.digest((0..<500 as Range<UInt64>).map { MadeUp.experiment(seed: $0).canonicalForm }))
    }
}
