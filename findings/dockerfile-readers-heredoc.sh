#!/usr/bin/env bash
# Package:   dockerfile-parse 2.0.1 and dockerfile 3.4.0 (PyPI)
# Behaviour: one Dockerfile, two readers, two wrong answers, no error. dockerfile-parse knows no heredocs: a line FROM in
#            the body is a second stage, and the base image is what the body names. dockerfile (Go's parser) counts
#            one stage, but the body of the heredoc is missing from its value, flags and sub_cmd: `<<EOF` is all of it.
# Expected:  one stage on alpine, and the script of RUN to be had without parsing `original` again.
# Seen:      dockerfile-parse: ['alpine', 'inside'] inside / dockerfile: ['alpine'] ('<<EOF',)
# Matters:   a scanner of base images and a linter of RUN scripts are both built on these; the first pins an image that
#            does not exist, the second finds nothing in any heredoc.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet dockerfile-parse==2.0.1 dockerfile==3.4.0

cat >"$work/show.py" <<'PY'
import io

import dockerfile
import dockerfile_parse

TEXT = "# syntax=docker/dockerfile:1\nFROM alpine\nRUN <<EOF\nFROM inside\nEOF\n"
parsed = dockerfile_parse.DockerfileParser(fileobj=io.BytesIO(TEXT.encode()))
print("dockerfile-parse:", parsed.parent_images, parsed.baseimage)
commands = dockerfile.parse_string(TEXT)
stages = [command.value[0] for command in commands if command.cmd == "FROM"]
print("dockerfile:", stages, next(command.value for command in commands if command.cmd == "RUN"))
PY
cat >"$work/expected" <<'TEXT'
dockerfile-parse: ['alpine', 'inside'] inside
dockerfile: ['alpine'] ('<<EOF',)
TEXT
"$work/venv/bin/python" "$work/show.py" | tee "$work/seen"
if ! cmp -s "$work/seen" "$work/expected"; then
  echo "changed: one of the two readers treats heredocs otherwise" >&2
  exit 1
fi
