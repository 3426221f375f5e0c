"""What runs inside a leg's namespaces, beside the first process; standard library only."""
