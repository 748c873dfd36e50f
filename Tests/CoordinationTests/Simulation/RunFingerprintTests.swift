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
        0x88F2_1072_6A5E_3DEE, 0x4DAB_16CE_26B3_286B, 0xDCBF_C449_75F0_0721,
        0x17AF_97CF_2034_E0D5, 0xA247_CC20_E105_186B,
    ]

    /// One fingerprint for each 20 seeds from 1 on.
    private static let expected: [UInt64] = [
        0x9C7B_05EF_8D1D_817D, 0x2F3A_CDDB_A835_58C6, 0xCE93_76CD_FFB8_9163, 0x2DD5_94B8_F09D_A70D,
        0x0092_E76B_B0D9_F9DF, 0x8447_72CC_FCF7_66CD, 0x27B0_C03A_D3F3_6A13, 0x6D87_CA4A_4F19_D6E1,
        0xAB6D_3149_E6E9_B91B, 0x56CA_70BE_A35E_8DAB, 0xBF53_ECAD_F7B7_E78F, 0xA95F_E7B1_549A_D7DE,
        0xD77A_5236_8568_8DCE, 0x4DF4_DCA4_3F3E_5A4F, 0xD4E8_3CD4_7A90_D8E7, 0x06E8_D114_0F03_8431,
        0x4848_D028_4BD1_CC35, 0xA502_F2C8_08DE_8DC7, 0x0A73_6363_F76E_A1D6, 0xF4E5_87BB_12FF_5E45,
        0x8C28_F0B0_A23D_CDCB, 0xF447_9DA6_74B7_60AE, 0x60E7_3CCE_5976_3EBD, 0x1C4E_C2C7_0335_2983,
        0x2A1C_84CA_19BB_8D33, 0x76F8_C0E9_7E58_D997, 0x1217_479E_827D_8CA5, 0x5906_B98D_BF72_B16C,
        0xB51C_2A62_9CAF_033B, 0xD12A_0D1D_2942_678B,
    ]
}
