import CCurl
import Core

/// A request to a server of HTTP or HTTPS.
package struct WebRequest: Sendable, Equatable {
    package var method: String
    package var url: String
    /// Lines `Name: value`.
    package var headers: [String]
    package var body: [UInt8]
    /// A file with certificates in PEM, to trust instead of the system's.
    package var authorityFile: String?
    /// `user:password`.
    package var credentials: String?
    package var timeoutMilliseconds: Int
    /// A longer answer is a failure.
    package var answerByteLimit: Int
    /// Whether the proxies that the environment names are left out.
    package var avoidsProxies: Bool

    package init(
        method: String = "POST", url: String, headers: [String] = [], body: [UInt8] = [], authorityFile: String? = nil,
        credentials: String? = nil, timeoutMilliseconds: Int = 5000, answerByteLimit: Int = 1 << 22,
        avoidsProxies: Bool = false
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.authorityFile = authorityFile
        self.credentials = credentials
        self.timeoutMilliseconds = timeoutMilliseconds
        self.answerByteLimit = answerByteLimit
        self.avoidsProxies = avoidsProxies
    }
}

package struct WebAnswer: Sendable, Equatable {
    package var status: Int
    package var body: [UInt8]

    package init(status: Int, body: [UInt8] = []) {
        self.status = status
        self.body = body
    }

    /// The body's first characters, for messages.
    var excerpt: String { escaped(String(decoding: body.prefix(400), as: UTF8.self), limit: 200) }
}

/// Sends requests, and waits for the answers.
package protocol WebClient: Sendable {
    func send(_ request: WebRequest) throws(TrackerError) -> WebAnswer
}

/// Requests through libcurl, which is loaded on first use.
package struct CurlClient: WebClient {
    package init() {}

    package func send(_ request: WebRequest) throws(TrackerError) -> WebAnswer {
        let headers = request.headers.map { $0 + "\n" }.joined()
        var answer = selvedge_http_answer()
        defer { selvedge_http_release(&answer) }
        let isAnswered = Self.withOptionalText(request.authorityFile) { authorityFile in
            Self.withOptionalText(request.credentials) { credentials in
                request.method.withCString { method in
                    request.url.withCString { url in
                        headers.withCString { headers in
                            request.body.withUnsafeBytes { body in
                                var description = selvedge_http_request(
                                    method: method, url: url, headers: headers,
                                    body: request.method == "GET" ? nil : body.baseAddress ?? UnsafeRawPointer(method),
                                    body_byte_count: body.count, authority_file: authorityFile,
                                    credentials: credentials, timeout_milliseconds: request.timeoutMilliseconds,
                                    answer_byte_limit: request.answerByteLimit, avoids_proxies: request.avoidsProxies)
                                return selvedge_http_perform(&description, &answer)
                            }
                        }
                    }
                }
            }
        }
        guard isAnswered else {
            let problem = withUnsafeBytes(of: answer.problem) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            throw TrackerError(escaped(problem, limit: 200))
        }
        return WebAnswer(
            status: answer.status,
            body: answer.bytes.map { Array(UnsafeBufferPointer(start: $0, count: answer.byte_count)) } ?? [])
    }

    private static func withOptionalText<Result>(
        _ text: String?, _ body: (UnsafePointer<CChar>?) -> Result
    ) -> Result {
        guard let text else { return body(nil) }
        return text.withCString { body($0) }
    }
}
