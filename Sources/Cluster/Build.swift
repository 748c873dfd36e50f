/// The program's release, as messages and `--version` tell it.
package enum Build {
    package static let version = "0.1.0"
}
