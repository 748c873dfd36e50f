/// The program's release, as messages and `--version` tell it.
public enum Build {
    public static let version = "0.1.0"
}
