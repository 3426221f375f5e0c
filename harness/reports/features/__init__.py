"""What features do on every daemon: a table of the scenarios that were run, for people to read.

A row is a feature, a column a daemon; a cell says whether the newest frontend works there,
is refused, or builds the wrong thing.
"""
