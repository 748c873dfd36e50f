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
        0x9F2D_7A3D_F6C4_E7B3, 0x4DAB_16CE_26B3_286B, 0xDCBF_C449_75F0_0721,
        0x7537_BD13_AF2A_6A8D, 0xBDFC_293E_E9A4_2771,
    ]

    /// One fingerprint for each 20 seeds from 1 on.
    private static let expected: [UInt64] = [
        0x9EA5_3810_9A61_04C5, 0x2F3A_CDDB_A835_58C6, 0xCE93_76CD_FFB8_9163, 0x5080_7182_8D4D_81F5,
        0x3B40_D84C_146B_C3C4, 0x9398_9DE5_E200_3D3B, 0x9D1D_109A_6906_A551, 0x0D60_C125_FB74_49CC,
        0xE6ED_EFAF_1504_CC6E, 0x4DD0_5072_EA3C_0407, 0x3460_0599_95CC_0DEC, 0xFCE6_45BD_31F1_3425,
        0x27D3_A364_81A8_BABD, 0xA3B3_054A_335A_B1FD, 0xB1AC_DE7B_7912_F284, 0xCFAF_1A34_E8EB_F7E8,
        0x2A46_3794_54E4_92F9, 0x944A_D261_7749_F187, 0xC32A_3875_D94B_703D, 0xF4E5_87BB_12FF_5E45,
        0x100A_429D_830D_5018, 0x8F21_8221_0E1D_BD0A, 0x9B67_5515_85EC_C3B9, 0xE13D_7637_F3F8_9441,
        0xA7FF_E746_66E9_D707, 0xD3D6_FF96_9D0C_C3A7, 0x8BB0_6D69_27BE_4D73, 0xC28D_DBB9_9570_05F0,
        0xF1ED_E725_DD98_60F9, 0x6FF4_E9A7_A0B3_4345,
    ]
}
