import Testing

@testable import Coordination

/// The machines may be rebuilt, but each seed has to give the same run.
@Suite("Fingerprints of simulated runs")
struct RunFingerprintTests {
    private static let seedsInGroup: UInt64 = 20

    @Test func `600 seeds give the committed views, records, checkpoints and outcomes`() throws {
        try compare(Self.expected, hostCount: 1)
    }

    @Test func `100 seeds with workers on three hosts give the committed runs and keep every invariant`() throws {
        try compare(Self.expectedOnHosts, hostCount: 3)
    }

    private func compare(_ fingerprints: [UInt64], hostCount: Int) throws {
        for (index, expected) in fingerprints.enumerated() {
            let first = UInt64(index) * Self.seedsInGroup + 1
            var group = RunFingerprint()
            for seed in first..<first + Self.seedsInGroup {
                let cluster = try SimulationTests.run(seed: seed, hostCount: hostCount, .init(), historyLength: 0)
                #expect(cluster.violation == nil, "seed \(seed) on \(hostCount) hosts")
                group.add(cluster.fingerprint.value)
            }
            let found = "0x" + String(group.value, radix: 16)
            #expect(group.value == expected, "seeds \(first) to \(first + Self.seedsInGroup - 1) give \(found)")
        }
    }

    /// The same with the workers on three hosts in turn.
    private static let expectedOnHosts: [UInt64] = [
        0x870E_C150_C38C_372C, 0x4DAB_16CE_26B3_286B, 0xDCBF_C449_75F0_0721,
        0x17AF_97CF_2034_E0D5, 0x1A57_3D30_C86C_51E0,
    ]

    /// One fingerprint for each 20 seeds from 1 on.
    private static let expected: [UInt64] = [
        0x2B1E_B1F9_0693_A3C1, 0x2F3A_CDDB_A835_58C6, 0xCE93_76CD_FFB8_9163, 0x2DD5_94B8_F09D_A70D,
        0x9B5B_BD43_BB62_C160, 0x8447_72CC_FCF7_66CD, 0xE326_6C8B_D125_DF66, 0x5540_C1FF_787A_53C9,
        0xAB6D_3149_E6E9_B91B, 0xEE54_0CDE_0F20_C8BF, 0xBF53_ECAD_F7B7_E78F, 0xA95F_E7B1_549A_D7DE,
        0xC4A0_67CC_8636_1B9A, 0x0255_94B9_A46B_0016, 0xD4E8_3CD4_7A90_D8E7, 0x06E8_D114_0F03_8431,
        0x4848_D028_4BD1_CC35, 0xE821_A1C3_ABA9_A6FE, 0x0A73_6363_F76E_A1D6, 0xF4E5_87BB_12FF_5E45,
        0x8C28_F0B0_A23D_CDCB, 0xF447_9DA6_74B7_60AE, 0x8161_4578_8D89_F16C, 0xE13D_7637_F3F8_9441,
        0x14A7_A62D_9109_10D7, 0x76F8_C0E9_7E58_D997, 0x1561_3383_5AB5_7FAD, 0x5906_B98D_BF72_B16C,
        0xB51C_2A62_9CAF_033B, 0xEBCB_C3BF_F197_598C,
    ]
}
