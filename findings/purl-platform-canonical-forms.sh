#!/usr/bin/env bash
# Package:   packageurl-python 0.17.6 (PyPI), against packageurl-js 2.0.1 (npm)
# Behaviour: the canonical form of one package URL is two texts. Python writes a slash in a qualifier bare, JavaScript
#            (and Go's packageurl, which buildkit's provenance is written with) as %2F. Each turns the other's into its own.
# Expected:  to_string(from_string(uri)) gives the same text everywhere: that is what a canonical form is for.
# Seen:      python pkg:docker/busybox@1.36?platform=linux/amd64
#            js     pkg:docker/busybox@1.36?platform=linux%2Famd64
# Matters:   materials and resolvedDependencies of SLSA provenance are compared and looked up by this text. A tool in
#            Python that reads a base image's URI and writes it again no longer finds it in the provenance it came from,
#            for every image that has a platform, which is nearly every one. Compare the parts, not the text.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check packageurl-python==0.17.6
npm install --silent --no-audit --no-fund --prefix "$work" packageurl-js@2.0.1

uri='pkg:docker/busybox@1.36?platform=linux%2Famd64'
python=$(venv/bin/python -c 'import sys; from packageurl import PackageURL as P; print(P.from_string(sys.argv[1]).to_string())' "$uri")
js=$(node -e 'console.log(require("packageurl-js").PackageURL.fromString(process.argv[1]).toString())' "$uri")
printf 'python %s\njs     %s\n' "$python" "$js"
if [[ $python != 'pkg:docker/busybox@1.36?platform=linux/amd64' || $js != "$uri" ]]; then
  echo "changed: both write the slash in a qualifier alike now, or otherwise" >&2
  exit 1
fi
