/// Where files that an experiment names are looked for.
package enum DataFolders {
    /// The folder named by the user, then `$SELVEDGE_DATA`, then the current folder.
    package static func searched(data: String?, environment: [String: String]) -> [String] {
        [data, environment["SELVEDGE_DATA"]].compactMap { $0 }.filter { !$0.isEmpty } + ["."]
    }
}
