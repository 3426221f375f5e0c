"""From a matrix file to a plan: selectors, cells, builds, shards, and what is printed of them.

Pure but for the repository's refs: what needs git, a backend or a database is handed in.
"""
