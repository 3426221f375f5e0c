"""A matrix from its plan to what came of every cell: each build once, cells beside them."""
