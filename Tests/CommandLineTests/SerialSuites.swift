import Testing

/// Commands as a user types them, one after another: each uses all cores.
@Suite(.serialized) struct CommandLineTests {}

/// Coordinators and workers that a test starts one by one. They wait more than they compute: these tests run one after
/// another, beside those of `CommandLineTests`.
@Suite(.serialized) struct ProcessesByHandTests {}
