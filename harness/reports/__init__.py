"""Renderers of a stored run. They read a Run and write text; they change nothing.

No renderer looks at the clock, the environment or the disk, so the same Run always gives the
same bytes.
"""
