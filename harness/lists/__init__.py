"""What can be said of patches and skip lists as such: whether they hold, and what to write."""
