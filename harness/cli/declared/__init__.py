"""What each command is asked: its options, its help, and the name of the body that answers.

A declaration is all that `--help` and the completion of a shell need, so nothing here may import
what is slow (tests/integration/test_startup.py). The body is a function of `harness/cli/NAME.py`,
which imports at its top whatever it uses and is itself imported when the command is run. Bodies may
import declarations, and never the other way round: that is how a command returns the command line
of another one.
"""
