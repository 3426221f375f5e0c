"""What scenarios are made of: the ground they run on, builds, and their results."""
