#!/usr/bin/env bash
# Package:   docker 7.2.0 (PyPI), the Docker SDK for Python
# Behaviour: in .dockerignore the character class [^0] is read as "a caret or a zero", and [!0] as "all but a zero": the
#            SDK's patterns are those of Python's fnmatch. The builder's are those of Go's filepath.Match, which the
#            documentation of .dockerignore names: there [^0] is "all but a zero", and [!0] is "! or 0".
# Expected:  `log[^0]` leaves log1 out of the context and keeps log0, as `docker build` does.
# Seen:      [^0] keeps log1   [!0] keeps log0
# Matters:   client.images.build() sends the very files that the same .dockerignore keeps back for `docker build`, and
#            keeps back those that are wanted. A harness that makes contexts with the SDK cannot test ignore files.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check docker==7.2.0

mkdir context
touch context/log0 context/log1
cat >kept.py <<'PY'
from docker.utils.build import exclude_paths

for pattern in ("[^0]", "[!0]"):
    print(pattern, "keeps", *sorted(exclude_paths("context", ["log" + pattern], "Dockerfile")), end="   ")
PY
seen=$(venv/bin/python kept.py)
echo "$seen"
if [[ $seen != "[^0] keeps log1   [!0] keeps log0   " ]]; then
  echo "changed: the classes of .dockerignore are read otherwise now" >&2
  exit 1
fi
