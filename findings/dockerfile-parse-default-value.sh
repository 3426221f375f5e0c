#!/usr/bin/env bash
# Package:   dockerfile-parse 2.0.1 (PyPI)
# Behaviour: ${V:-edge} is replaced up to the colon; the rest of the expression stays as text. Base images, labels and
#            ENV values alike become words that no Dockerfile contains. ${V} and $V are right.
# Expected:  alpine:3.20, alpine:edge, and 1 for the label; or the text untouched.
# Seen:      alpine:3.20:-edge}  alpine::-edge}  1:-2}
# Matters:   `FROM golang:${GO_VERSION:-1.21}` is the usual way to make a base image choosable. What mirrors or pins
#            images with this library asks a registry for a reference that cannot be.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet dockerfile-parse==2.0.1

cat >"$work/show.py" <<'PY'
import io

from dockerfile_parse import DockerfileParser


def parsed(text: str) -> DockerfileParser:
    return DockerfileParser(fileobj=io.BytesIO(text.encode()))


print(
    *parsed("ARG V=3.20\nFROM alpine:${V:-edge}\n").parent_images,
    *parsed("ARG V\nFROM alpine:${V:-edge}\n").parent_images,
    parsed("FROM alpine\nARG V=1\nLABEL l=${V:-2}\n").labels["l"],
    sep="  ",
)
PY
cat >"$work/expected" <<'TEXT'
alpine:3.20:-edge}  alpine::-edge}  1:-2}
TEXT
"$work/venv/bin/python" "$work/show.py" | tee "$work/seen"
if ! cmp -s "$work/seen" "$work/expected"; then
  echo "changed: an expression with a default is expanded in another way" >&2
  exit 1
fi
