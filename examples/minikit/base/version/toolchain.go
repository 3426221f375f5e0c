//go:build go1.20

package version

// Does not compile, on purpose: nobody has tried this release with a newer Go.
const _ int = "MiniKit 0.1 can't be built with Go 1.20 or later yet"
