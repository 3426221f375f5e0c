package builder

// names are what a build may be called, and in which order they are taken.
var names = map[string]int{"a": 0, "b": 1, "c": 2, "d": 3, "e": 4, "f": 5, "g": 6, "h": 7}
