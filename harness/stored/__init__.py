"""Questions to runs that are stored; nothing is executed."""
