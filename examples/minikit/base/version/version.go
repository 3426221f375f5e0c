// Package version says which MiniKit this is; the linker fills it in.
package version

var (
	// Package is the import path of the project.
	Package = "example.com/minikit"
	// Version is the nearest release, as git describes it.
	Version = "0.0.0+unknown"
	// Revision is the commit.
	Revision = ""
)
