/// The page that shows a run while it trains. It loads `snapshot.json`, `events` and `plots/NAME.png` beside it, and
/// nothing from elsewhere.
package enum LivePage {
    /// What a browser may load and run for the page: its own style and script, and what this server has.
    package static let contentSecurityPolicy =
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src 'self'; connect-src 'self'"

    package static var html: [UInt8] { PackageResources.live_html }
}
