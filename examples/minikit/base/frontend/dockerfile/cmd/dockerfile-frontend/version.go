package main

var (
	// Package is the import path of this program.
	Package = "example.com/minikit/frontend/dockerfile/cmd/dockerfile-frontend"
	// Version is the nearest release of the frontend; filled in by the linker.
	Version = "0.0.0+unknown"
	// Revision is the commit.
	Revision = ""
)
