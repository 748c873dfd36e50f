import Testing

@testable import Reports

@Suite struct HTMLTextTests {
    /// RFC 4648, section 10.
    @Test(
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func base64FollowsTheStandard(text: String, encoded: String) {
        #expect(Base64.text(Array(text.utf8)) == encoded)
    }

    @Test func textIsEscaped() {
        #expect(HTMLText.escaped("<a href='x'>&\"") == "&lt;a href=&#39;x&#39;&gt;&amp;&quot;")
        #expect(HTMLText.table(headings: ["<"], rows: [["&"]]).contains("<th>&lt;</th>"))
    }

    @Test func tablesAlign() {
        #expect(TextTable.text([["a", "bb"], ["ccc", "d"]], leadingColumns: 1) == "a    bb\nccc   d")
        #expect(CSVText.table([["a", "b,c", "d\"e"]]) == "a,\"b,c\",\"d\"\"e\"\n")
    }
}
