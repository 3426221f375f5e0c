#!/usr/bin/env bash
# Package:   opencontainers 0.0.15 (PyPI), types of the OCI image and distribution specifications
# Behaviour: Manifest().load() of a manifest that has `mediaType` at its top ends the calling program: it raises no error
#            of the library but SystemExit(1), which `except Exception` lets through. Image().load() does the same for a
#            configuration with a Healthcheck.
# Expected:  the manifest is read (the specification has mediaType since 1.0.2 and asks for it; buildkit, docker and
#            skopeo write it), or an exception says what is not understood.
# Seen:      without read   with SystemExit 1
# Matters:   one manifest of an ordinary build, and a service that reads images is gone, with status 1 and one line of
#            log; in a test run that is the test runner.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check opencontainers==0.0.15

cat >load.py <<'PY'
from opencontainers.image.v1 import Manifest


def descriptor(kind):
    return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": "sha256:" + "a" * 64, "size": 2}


plain = {"schemaVersion": 2, "config": descriptor("config.v1+json"), "layers": [descriptor("layer.v1.tar+gzip")]}
for name, manifest in (
    ("without", plain),
    ("with", {**plain, "mediaType": "application/vnd.oci.image.manifest.v1+json"}),
):
    try:
        Manifest().load(manifest)
        print(name, "read", end="   ")
    except SystemExit as left:
        print(name, "SystemExit", left.code, end="   ")
PY
seen=$(venv/bin/python load.py 2>log)
echo "$seen"
cat log >&2
if [[ $seen != "without read   with SystemExit 1   " ]]; then
  echo "changed: a manifest with mediaType no longer ends the program" >&2
  exit 1
fi
