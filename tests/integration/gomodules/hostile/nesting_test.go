package hostile

import (
	"os"
	"testing"
)

// nesting are orders in which siblings run whose names hold each other's.
var nesting = map[string][]string{
	"down": {"linux/arm", "linux/arm/v7", "linux/arm/v7/x", "linux/arm", "linux/arm#01/x", "k=v", "k=v/w=x"},
	"up":   {"linux/arm/v7/x", "linux/arm/v7", "linux/arm", "linux", "a//b", "a//", "a/", "a"},
}

// TestNest fails in what HOSTILE names, and always in the longest names.
func TestNest(t *testing.T) {
	for order, names := range nesting {
		for _, way := range []string{"serial", "parallel"} {
			t.Run(order+"-"+way, func(t *testing.T) {
				for _, name := range names {
					name := name
					t.Run(name, func(t *testing.T) {
						if way == "parallel" {
							t.Parallel()
						}
						t.Run("inner", func(t *testing.T) { fails(t, name == "linux/arm/v7/x") })
						fails(t, false)
					})
				}
			})
		}
	}
}

func fails(t *testing.T, always bool) {
	if always || t.Name() == os.Getenv("HOSTILE") {
		t.Errorf("it fails in %s", t.Name())
	}
}
