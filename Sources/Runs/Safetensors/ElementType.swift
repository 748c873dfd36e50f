extension Safetensors {
    /// The type of a tensor's elements, in the order in which the reference writer sorts them (it writes the last
    /// first, so that wider elements precede narrower ones and stay aligned).
    package enum ElementType: String, Sendable, Equatable, CaseIterable {
        case bool = "BOOL"
        case float4 = "F4"
        case float6E2M3 = "F6_E2M3"
        case float6E3M2 = "F6_E3M2"
        case uint8 = "U8"
        case int8 = "I8"
        case float8E5M2 = "F8_E5M2"
        case float8E4M3 = "F8_E4M3"
        case float8E8M0 = "F8_E8M0"
        case int16 = "I16"
        case uint16 = "U16"
        case float16 = "F16"
        case brainFloat16 = "BF16"
        case int32 = "I32"
        case uint32 = "U32"
        case float32 = "F32"
        case complex64 = "C64"
        case float64 = "F64"
        case int64 = "I64"
        case uint64 = "U64"

        package var bitCount: Int {
            switch self {
            case .float4: 4
            case .float6E2M3, .float6E3M2: 6
            case .bool, .uint8, .int8, .float8E5M2, .float8E4M3, .float8E8M0: 8
            case .int16, .uint16, .float16, .brainFloat16: 16
            case .int32, .uint32, .float32: 32
            case .complex64, .float64, .int64, .uint64: 64
            }
        }

        /// The place in the reference writer's order.
        var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

        /// The bytes of a tensor of this shape, or nil where the product overflows or the bits fill no whole byte.
        func byteCount(shape: [Int]) -> Int? {
            var bits = bitCount
            for extent in shape {
                let (product, overflow) = bits.multipliedReportingOverflow(by: extent)
                guard extent >= 0, !overflow else { return nil }
                bits = product
            }
            return bits % 8 == 0 ? bits / 8 : nil
        }
    }
}
