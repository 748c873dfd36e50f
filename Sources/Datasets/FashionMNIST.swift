/// Fashion-MNIST: 60,000 training and 10,000 test images of clothes, 28 × 28 grey, ten classes (Xiao, Rasul and Vollgraf 2017).
package enum FashionMNIST {
    package static let name = "fashion-mnist"

    package static let classNames = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ]

    /// Where the files are looked for, first to last: the folder named by the user, `$SELVEDGE_DATA`, the system's folder
    /// (Debian's package dataset-fashion-mnist), the user's cache. Wherever they are found, their digests must be right.
    package static func searchPath(data: String?, environment: [String: String]) -> [String] {
        let named = [data, environment["SELVEDGE_DATA"]].compactMap { $0 }.filter { !$0.isEmpty }
        let cache = cacheFolder(environment: environment).map { [$0] } ?? []
        return named + ["/usr/share/datasets/fashion-mnist"] + cache
    }

    /// `selvedge/fashion-mnist` in `$XDG_CACHE_HOME` or `~/.cache`; nil where neither is known.
    package static func cacheFolder(environment: [String: String]) -> String? {
        if let cache = environment["XDG_CACHE_HOME"], cache.hasPrefix("/") { return "\(cache)/selvedge/fashion-mnist" }
        if let home = environment["HOME"], !home.isEmpty { return "\(home)/.cache/selvedge/fashion-mnist" }
        return nil
    }
}
