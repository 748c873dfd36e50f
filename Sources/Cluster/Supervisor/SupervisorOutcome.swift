/// How a supervised run ended.
package enum SupervisorOutcome: Equatable {
    /// The coordinator's own exit code.
    case exited(Int32)
    /// The coordinator died by a signal or was frozen, and has no successor; the text says how.
    case coordinatorLost(String)
    /// A signal ended everything at once: the second one, or the first while no coordinator ran.
    case interrupted(signal: Int32, wasLed: Bool)
}
