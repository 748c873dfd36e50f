import KernelInterface
import Kernels
import Testing

@Suite("Choice of the instruction set")
struct InstructionSetTests {
    @Test(
        "AVX2 kernels are tested",
        .enabled(if: InstructionSet.avx2.isSupported, "THIS HOST LACKS x86-64-v3: AVX2 IS UNTESTED"))
    func avx2IsTested() {
        #expect(InstructionSet.supported.contains(.avx2))
    }

    @Test(
        "AVX-512 kernels are tested",
        .enabled(if: InstructionSet.avx512.isSupported, "THIS HOST LACKS x86-64-v4: AVX-512 IS UNTESTED"))
    func avx512IsTested() {
        #expect(InstructionSet.supported.contains(.avx512))
    }

    @Test("Without the variable the widest supported set is chosen")
    func widest() throws {
        #expect(try InstructionSet.chosen(environment: [:]) == InstructionSet.supported.last)
        #expect(try InstructionSet.chosen(environment: ["SELVEDGE_ISA": ""]) == InstructionSet.supported.last)
    }

    @Test("The variable forces a supported set", arguments: InstructionSet.supported)
    func forced(_ set: InstructionSet) throws {
        let chosen = try InstructionSet.chosen(environment: ["SELVEDGE_ISA": set.rawValue])
        #expect(chosen == set)
        #expect(chosen.table.name == set.rawValue)
    }

    @Test("An unknown name is refused and the usable names are listed")
    func unknown() {
        let error = #expect(throws: InstructionSetError.unknown(name: "sse9")) {
            try InstructionSet.chosen(environment: ["SELVEDGE_ISA": "sse9"])
        }
        #expect(error?.description.contains("sse9") == true)
        #expect(error?.description.contains("portable") == true)
        #expect(error?.description.contains("\n") == false)
    }

    @Test("Lane counts are those of the registers")
    func laneCounts() {
        let expected: [InstructionSet: Int] = [.portable: 4, .avx2: 8, .avx512: 16]
        for set in InstructionSet.supported { #expect(set.table.laneCount == expected[set]) }
    }
}
