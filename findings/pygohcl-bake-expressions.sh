#!/usr/bin/env bash
# Package:   pygohcl 1.2.9 (PyPI; HashiCorp's Go parser)
# Behaviour: loads() of a bake file flattens expressions into plain text: "x:${TAG}" becomes 'x:TAG', and the reference
#            V = TAG becomes the string 'TAG', which no longer differs from V = "TAG". A second block of one name
#            turns the value from a dict into a list of dicts.
# Expected:  the mark of the interpolation is kept ("${TAG}", as other HCL readers do), or an error; one shape for blocks.
# Seen:      {'tags': ['x:TAG'], 'args': {'A': 'TAG', 'B': 'TAG'}} / dict list
# Matters:   a check of docker-bake.hcl made with this passes 'x:TAG' on as an image's name, and code that was tried
#            with one target of a name breaks on a file where bake merges two.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pygohcl==1.2.9

cat >"$work/show.py" <<'PY'
import pygohcl

BAKE = """
variable "TAG" { default = "v0.8" }
target "base" {
  tags = ["x:${TAG}"]
  args = { A = TAG, B = "TAG" }
}
"""
once = pygohcl.loads(BAKE)["target"]["base"]
twice = pygohcl.loads(BAKE + 'target "base" { platforms = ["linux/amd64"] }\n')["target"]["base"]
print({"tags": once["tags"], "args": once["args"]})
print(type(once).__name__, type(twice).__name__)
PY
cat >"$work/expected" <<'TEXT'
{'tags': ['x:TAG'], 'args': {'A': 'TAG', 'B': 'TAG'}}
dict list
TEXT
"$work/venv/bin/python" "$work/show.py" | tee "$work/seen"
if ! cmp -s "$work/seen" "$work/expected"; then
  echo "changed: expressions or repeated blocks of a bake file come out otherwise" >&2
  exit 1
fi
