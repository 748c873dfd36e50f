/// Constants found by measurement.
enum AllReduceTuning {
    /// How often to look for frames before sleeping in a poll.
    static let spinCount = 200
    /// How many frames are taken before looking up; more than the other workers of a full view send in a step.
    static let frameCountAtATime = 1 << 14
    /// Payloads up to this size are copied into one frame with their header.
    static let copiedPayloadByteCount = 16_384
    /// Bytes whose checksum is taken just before they are added, while they are in the first-level cache.
    static let blockElementCount = 2048
}
