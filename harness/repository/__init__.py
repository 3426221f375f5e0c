"""BuildKit's repository: git, what names mean, ancestry, release lines, patched trees."""
