import Core
import Testing

@testable import Experiments

/// Canonical forms are part of checkpoints, so that their bytes must never change.
@Suite struct CanonicalDigestTests {
    /// The first 16 digits of the SHA-256 of each shipped experiment's canonical form.
    private static let shipped = [
        "A-1": "384a4d1d23d75658", "A-2": "2514bbce3bfd7342", "A-3": "e9c8869a6b9d49a7",
        "A-4": "066d749dc6772e16", "B-1": "5894e0c4227ff3cc", "B-2": "6c380792df862fa2",
        "B-3": "139b81c3f63d6f5e", "C-1": "a96b0ded4bb1ee63", "C-2": "b462614c499deeb9",
        "C-3": "1acf496314ec18b8", "C-4": "f912607d0fbd2b26", "C-5": "caf08eec5b9f2ef2",
        "D-baseline": "c64852112f8c24ee", "D-low": "f3b8bf252124ad83", "D-overfit": "85acf83fb40a1499",
        "D-1": "e2b3a690b67d7ddd", "D-2": "ae8ec26f8ba1ac21", "D-3": "b5501e7ebd0dcdc0",
        "D-4": "af8ff282caf2ce6d", "D-5": "780b18c5b2c7d51d", "D-6": "059f82658c56a793",
        "D-7": "701ed691770973fa", "D-8": "af0ce02ef93c6b48", "D-9": "a7d5c48d20d3921e",
        "D-final": "c88515abb6d9eb44", "D-vgg": "ec25822b2124e983", "D-vgg-tuned": "b5605b8d4d487c36",
        "E-1": "0c2b657e8f92883b", "E-2": "7246c1ec164777e0", "E-3": "171bb12ebda1df1d",
    ]

    private static func digest(_ texts: [String]) -> String {
        SHA256Digest(of: Array(texts.joined().utf8)).hexadecimal
    }

    @Test func theFormsOfShippedExperimentsHaveTheSameBytesAsEver() throws {
        #expect(Set(Self.shipped.keys) == Set(Experiment.shippedNames))
        for (name, digest) in Self.shipped {
            #expect(Self.digest([try Experiment.shipped(named: name).canonicalForm]).prefix(16) == digest, "\(name)")
        }
    }

    @Test func theFormsOf500MadeUpExperimentsHaveTheSameBytesAsEver() {
        let forms = (0..<500 as Range<UInt64>).map { MadeUp.experiment(seed: $0).canonicalForm }
        #expect(Self.digest(forms) == "5f0d2ba53fc9ef8bbf2f8f47a23fcef2a00a2367c2be014d9b1c8e94f0fed35f")
    }
}
