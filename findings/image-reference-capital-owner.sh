#!/usr/bin/env bash
# Package:   docker-image-py 0.2.0 and docker 7.2.0 (PyPI)
# Behaviour: in "Acme/tool" the first reads Acme as a REGISTRY, for a capital letter makes a first part a host by the rule
#            of the reference grammar; the docker SDK reads it as a user of the public registry.
# Expected:  that both name one registry for one reference, or refuse it.
# Seen:      docker-image-py: Acme/tool  docker: ('docker.io', 'Acme/tool')
# Matters:   a CI that builds names from a repository's owner (Acme/…) sends credentials and pulls to different servers,
#            by library. Lower the case of owners before a reference is made.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet docker-image-py==0.2.0 docker==7.2.0

cat >"$work/show.py" <<'PY'
import docker.auth
from docker_image import reference

NAME = "Acme/tool"
print("docker-image-py:", reference.Reference.parse_normalized_named(NAME).string(), end="  ")
print("docker:", docker.auth.resolve_repository_name(NAME))
PY
cat >"$work/expected" <<'TEXT'
docker-image-py: Acme/tool  docker: ('docker.io', 'Acme/tool')
TEXT
"$work/venv/bin/python" "$work/show.py" | tee "$work/seen"
if ! cmp -s "$work/seen" "$work/expected"; then
  echo "changed: both libraries name the same registry, or others" >&2
  exit 1
fi
