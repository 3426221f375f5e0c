#!/usr/bin/env bash
# Package:   podman 5.8.0 (PyPI), the client library of Podman
# Behaviour: a file with two names (a hard link) reaches the build context under one of them only. If the ignore file
#            leaves out just that name, the other one is missing too: the tar writer marks the second name as a link
#            to the first, and the library's filter takes files, folders and symbolic links alone. No error, no log.
# Expected:  both names, as the docker SDK sends them and `docker build` does; an ignored name takes no other with it.
#            The documentation of build() says of the context only that it is a path, and names no such limit.
# Seen:      podman: a   docker: a b   podman, a ignored: (none)   docker, a ignored: b
# Matters:   stores of packages (pnpm, uv, conda), `cp -l` and `git clone` of a local folder make hard links. `COPY . /` is then
#            quietly incomplete, and which name survives depends on the order of names in the folder.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check podman==5.8.0 docker==7.2.0

mkdir "$work/context"
echo text >"$work/context/a"
ln "$work/context/a" "$work/context/b"
cat >"$work/show.py" <<'PY'
import sys
import tarfile

from docker.utils.build import tar
from podman.api import create_tar


def names(stream) -> str:
    with tarfile.open(fileobj=stream) as archive:
        return " ".join(sorted(name for name in archive.getnames() if name)) or "(none)"


context = sys.argv[1]
for ignored, note in (([], ""), (["a"], ", a ignored")):
    print(f"podman{note}: {names(create_tar(context, exclude=ignored))}")
    print(f"docker{note}: {names(tar(context, exclude=ignored))}")
PY
cat >"$work/expected" <<'TEXT'
podman: a
docker: a b
podman, a ignored: (none)
docker, a ignored: b
TEXT
"$work/venv/bin/python" "$work/show.py" "$work/context" | tee "$work/seen"
if ! cmp -s "$work/seen" "$work/expected"; then
  echo "changed: hard links reach the contexts otherwise now" >&2
  exit 1
fi
