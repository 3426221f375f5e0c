package ociarchive

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"sort"

	"example.com/minikit/solver/pb"
)

const (
	configType = "application/vnd.oci.image.config.v1+json"
	layerType  = "application/vnd.oci.image.layer.v1.tar"
)

// Write makes an archive of one layer that holds files, keyed by path.
func Write(name string, img pb.Image, files map[string][]byte) error {
	layer, err := tarOf(files)
	if err != nil {
		return err
	}
	config, err := json.Marshal(img)
	if err != nil {
		return err
	}
	blobs := map[string][]byte{"oci-layout": []byte(`{"imageLayoutVersion":"1.0.0"}`)}
	m, err := json.Marshal(manifest{
		SchemaVersion: 2,
		MediaType:     imageManifest,
		Config:        add(blobs, configType, config),
		Layers:        []Descriptor{add(blobs, layerType, layer)},
	})
	if err != nil {
		return err
	}
	idx, err := json.Marshal(index{
		SchemaVersion: 2,
		Manifests:     []Descriptor{add(blobs, imageManifest, m)},
	})
	if err != nil {
		return err
	}
	blobs["index.json"] = idx
	archive, err := tarOf(blobs)
	if err != nil {
		return err
	}
	return os.WriteFile(name, archive, 0o644)
}

func add(blobs map[string][]byte, mediaType string, content []byte) Descriptor {
	d := Descriptor{
		MediaType: mediaType,
		Digest:    fmt.Sprintf("sha256:%x", sha256.Sum256(content)),
		Size:      int64(len(content)),
	}
	blobs[blob(d.Digest)] = content
	return d
}

func tarOf(files map[string][]byte) ([]byte, error) {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	sort.Strings(names)
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, name := range names {
		h := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(files[name])), Typeflag: tar.TypeReg}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(files[name]); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), w.Close()
}
