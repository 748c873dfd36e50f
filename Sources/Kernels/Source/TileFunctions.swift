/// Each shape of register tile is a separate function, so that its accumulators get all registers.
///
/// An instruction set has only the shapes that `RegisterTile.height(fitting:)` names for its number of registers.
enum TileFunctions {
    /// Computes one tile of a matrix product.
    @inline(__always)
    static func product(_ tile: ProductTile, rows: Int, vectors: Int) {
        switch (rows, vectors) {
        case (14, 2) where registerCount == 32: product14x2(tile)
        case (14, 1) where registerCount == 32: product14x1(tile)
        case (8, 2) where registerCount == 32: product8x2(tile)
        case (8, 1) where registerCount == 32: product8x1(tile)
        case (6, 2) where registerCount == 16: product6x2(tile)
        case (6, 1) where registerCount == 16: product6x1(tile)
        case (4, 2): product4x2(tile)
        case (4, 1): product4x1(tile)
        case (2, 2): product2x2(tile)
        case (2, 1): product2x1(tile)
        case (1, 2): product1x2(tile)
        default: product1x1(tile)
        }
    }

    /// Computes one tile of a weight gradient.
    @inline(__always)
    static func gradient(_ tile: GradientTile, rows: Int, vectors: Int) {
        switch (rows, vectors) {
        case (14, 2) where registerCount == 32: gradient14x2(tile)
        case (14, 1) where registerCount == 32: gradient14x1(tile)
        case (8, 2) where registerCount == 32: gradient8x2(tile)
        case (8, 1) where registerCount == 32: gradient8x1(tile)
        case (6, 2) where registerCount == 16: gradient6x2(tile)
        case (6, 1) where registerCount == 16: gradient6x1(tile)
        case (4, 2): gradient4x2(tile)
        case (4, 1): gradient4x1(tile)
        case (2, 2): gradient2x2(tile)
        case (2, 1): gradient2x1(tile)
        case (1, 2): gradient1x2(tile)
        default: gradient1x1(tile)
        }
    }

    /// Computes one tile of sums of outer products.
    @inline(__always)
    static func outerProduct(_ tile: OuterProductTile, rows: Int, vectors: Int) {
        switch (rows, vectors) {
        case (14, 2) where registerCount == 32: outerProduct14x2(tile)
        case (14, 1) where registerCount == 32: outerProduct14x1(tile)
        case (8, 2) where registerCount == 32: outerProduct8x2(tile)
        case (8, 1) where registerCount == 32: outerProduct8x1(tile)
        case (6, 2) where registerCount == 16: outerProduct6x2(tile)
        case (6, 1) where registerCount == 16: outerProduct6x1(tile)
        case (4, 2): outerProduct4x2(tile)
        case (4, 1): outerProduct4x1(tile)
        case (2, 2): outerProduct2x2(tile)
        case (2, 1): outerProduct2x1(tile)
        case (1, 2): outerProduct1x2(tile)
        default: outerProduct1x1(tile)
        }
    }
}

@inline(never)
private func product14x2(_ tile: ProductTile) { tile.compute(rows: 14, vectors: 2) }

@inline(never)
private func product14x1(_ tile: ProductTile) { tile.compute(rows: 14, vectors: 1) }

@inline(never)
private func product8x2(_ tile: ProductTile) { tile.compute(rows: 8, vectors: 2) }

@inline(never)
private func product8x1(_ tile: ProductTile) { tile.compute(rows: 8, vectors: 1) }

@inline(never)
private func product6x2(_ tile: ProductTile) { tile.compute(rows: 6, vectors: 2) }

@inline(never)
private func product6x1(_ tile: ProductTile) { tile.compute(rows: 6, vectors: 1) }

@inline(never)
private func product4x2(_ tile: ProductTile) { tile.compute(rows: 4, vectors: 2) }

@inline(never)
private func product4x1(_ tile: ProductTile) { tile.compute(rows: 4, vectors: 1) }

@inline(never)
private func product2x2(_ tile: ProductTile) { tile.compute(rows: 2, vectors: 2) }

@inline(never)
private func product2x1(_ tile: ProductTile) { tile.compute(rows: 2, vectors: 1) }

@inline(never)
private func product1x2(_ tile: ProductTile) { tile.compute(rows: 1, vectors: 2) }

@inline(never)
private func product1x1(_ tile: ProductTile) { tile.compute(rows: 1, vectors: 1) }

@inline(never)
private func gradient14x2(_ tile: GradientTile) { tile.compute(rows: 14, vectors: 2) }

@inline(never)
private func gradient14x1(_ tile: GradientTile) { tile.compute(rows: 14, vectors: 1) }

@inline(never)
private func gradient8x2(_ tile: GradientTile) { tile.compute(rows: 8, vectors: 2) }

@inline(never)
private func gradient8x1(_ tile: GradientTile) { tile.compute(rows: 8, vectors: 1) }

@inline(never)
private func gradient6x2(_ tile: GradientTile) { tile.compute(rows: 6, vectors: 2) }

@inline(never)
private func gradient6x1(_ tile: GradientTile) { tile.compute(rows: 6, vectors: 1) }

@inline(never)
private func gradient4x2(_ tile: GradientTile) { tile.compute(rows: 4, vectors: 2) }

@inline(never)
private func gradient4x1(_ tile: GradientTile) { tile.compute(rows: 4, vectors: 1) }

@inline(never)
private func gradient2x2(_ tile: GradientTile) { tile.compute(rows: 2, vectors: 2) }

@inline(never)
private func gradient2x1(_ tile: GradientTile) { tile.compute(rows: 2, vectors: 1) }

@inline(never)
private func gradient1x2(_ tile: GradientTile) { tile.compute(rows: 1, vectors: 2) }

@inline(never)
private func gradient1x1(_ tile: GradientTile) { tile.compute(rows: 1, vectors: 1) }

@inline(never)
private func outerProduct14x2(_ tile: OuterProductTile) { tile.compute(rows: 14, vectors: 2) }

@inline(never)
private func outerProduct14x1(_ tile: OuterProductTile) { tile.compute(rows: 14, vectors: 1) }

@inline(never)
private func outerProduct8x2(_ tile: OuterProductTile) { tile.compute(rows: 8, vectors: 2) }

@inline(never)
private func outerProduct8x1(_ tile: OuterProductTile) { tile.compute(rows: 8, vectors: 1) }

@inline(never)
private func outerProduct6x2(_ tile: OuterProductTile) { tile.compute(rows: 6, vectors: 2) }

@inline(never)
private func outerProduct6x1(_ tile: OuterProductTile) { tile.compute(rows: 6, vectors: 1) }

@inline(never)
private func outerProduct4x2(_ tile: OuterProductTile) { tile.compute(rows: 4, vectors: 2) }

@inline(never)
private func outerProduct4x1(_ tile: OuterProductTile) { tile.compute(rows: 4, vectors: 1) }

@inline(never)
private func outerProduct2x2(_ tile: OuterProductTile) { tile.compute(rows: 2, vectors: 2) }

@inline(never)
private func outerProduct2x1(_ tile: OuterProductTile) { tile.compute(rows: 2, vectors: 1) }

@inline(never)
private func outerProduct1x2(_ tile: OuterProductTile) { tile.compute(rows: 1, vectors: 2) }

@inline(never)
private func outerProduct1x1(_ tile: OuterProductTile) { tile.compute(rows: 1, vectors: 1) }
