"""Reads what a Go test binary says and chooses what it runs; starts no process itself."""
