"""A compatibility harness for BuildKit's daemon and its external Dockerfile frontend."""

__version__ = "0.1.0"
