"""What builds and runs pairs: the list of backends, by name. `base` says what one is.

Nothing is imported for it: the command line and the data files need the names alone.
"""

BACKENDS: dict[str, str] = {
    "docker": "harness.backends.docker:Docker",
    "native": "harness.backends.native:Native",
}
"""Where each backend's class is, in the order in which `auto` tries them."""
