"""Results of earlier runs that stand in for new ones, where nothing that decides over them changed.

A result is kept with what it was built from. A commit whose build Go makes of the same files as
the stored one's is the same build, so that the night after a change of the documents runs nothing.
"""

from harness.reuse.likeness import Likeness, asked_of_go
from harness.reuse.results import Results, Terms

__all__ = ["Likeness", "Results", "Terms", "asked_of_go"]
