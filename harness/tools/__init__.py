"""Everything outside this process is reached from here: programs, git and container engines."""
