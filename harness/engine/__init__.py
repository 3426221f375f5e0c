"""The container engine: where it is, what it can do, its builders, containers, images."""
