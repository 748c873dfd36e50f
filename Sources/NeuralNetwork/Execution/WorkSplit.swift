/// The part `index` of `parts` of `0..<count`, cut at multiples of `granule` (the last part takes the rest); parts may
/// be empty.
@inline(__always)
func evenSplit(_ count: Int, parts: Int, index: Int, granule: Int = 1) -> Range<Int> {
    let granules = (count + granule - 1) / granule
    let begin = min(granules * index / parts * granule, count)
    let end = min(granules * (index + 1) / parts * granule, count)
    return begin..<end
}
