// Package ociarchive reads and writes images as OCI archives, plain or gzipped layers alike.
package ociarchive

import (
	"archive/tar"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"example.com/minikit/solver/pb"
)

const imageManifest = "application/vnd.oci.image.manifest.v1+json"

// Descriptor points to a blob of the archive.
type Descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
}

type index struct {
	SchemaVersion int          `json:"schemaVersion"`
	Manifests     []Descriptor `json:"manifests"`
}

type manifest struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Config        Descriptor   `json:"config"`
	Layers        []Descriptor `json:"layers"`
}

// Archive is an open image.
type Archive struct {
	// Digest is the manifest's.
	Digest string
	// Image is the config.
	Image pb.Image

	file   *os.File
	blobs  map[string]*io.SectionReader
	layers []Descriptor
}

// Open reads an archive's index, manifest and config; layers are left for Unpack.
func Open(name string) (*Archive, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	a := &Archive{file: f, blobs: map[string]*io.SectionReader{}}
	if err := a.load(); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s is no OCI archive: %w", name, err)
	}
	return a, nil
}

// Close closes the archive's file.
func (a *Archive) Close() error {
	return a.file.Close()
}

func (a *Archive) load() error {
	r := tar.NewReader(a.file)
	for {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		// The reader stands at the entry's first byte and reads nothing ahead.
		at, err := a.file.Seek(0, io.SeekCurrent)
		if err != nil {
			return err
		}
		a.blobs[path.Clean(h.Name)] = io.NewSectionReader(a.file, at, h.Size)
	}
	var idx index
	if err := a.decode("index.json", &idx); err != nil {
		return err
	}
	m, err := a.manifest(idx)
	if err != nil {
		return err
	}
	a.layers = m.Layers
	return a.decode(blob(m.Config.Digest), &a.Image)
}

// manifest takes the first one; an index in an index, as engines write it, is followed.
func (a *Archive) manifest(idx index) (manifest, error) {
	var m manifest
	if len(idx.Manifests) == 0 {
		return m, fmt.Errorf("the index is empty")
	}
	first := idx.Manifests[0]
	if strings.Contains(first.MediaType, "index") || strings.Contains(first.MediaType, "manifest.list") {
		var below index
		if err := a.decode(blob(first.Digest), &below); err != nil {
			return m, err
		}
		return a.manifest(below)
	}
	a.Digest = first.Digest
	return m, a.decode(blob(first.Digest), &m)
}

func (a *Archive) decode(name string, v interface{}) error {
	r, ok := a.blobs[name]
	if !ok {
		return fmt.Errorf("%s is missing", name)
	}
	return json.NewDecoder(r).Decode(v)
}

func blob(digest string) string {
	return "blobs/" + strings.Replace(digest, ":", "/", 1)
}
