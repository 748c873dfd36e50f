// The standard library's `min` and `max` are generic: their specialisation to Int becomes a function that the linker shares
// between modules of different instruction sets.

@inline(__always)
func lesser(_ a: Int, _ b: Int) -> Int { a < b ? a : b }

@inline(__always)
func greater(_ a: Int, _ b: Int) -> Int { a > b ? a : b }
