"""Ways of building and running a pair: each satisfies harness.backends.base.Backend."""
