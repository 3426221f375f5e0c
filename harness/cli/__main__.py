"""`python -m harness.cli` is `compat-run`; the launcher at the root of a checkout starts it."""

from harness.cli import compat_run

compat_run()
