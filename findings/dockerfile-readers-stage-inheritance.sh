#!/usr/bin/env bash
# Package:   dockerfile-parse 2.0.1 (PyPI) and dockerfile-ast 0.7.1 (npm)
# Behaviour: in a stage that is built FROM an earlier stage of the same file neither reader knows the ENV and ARG of that
#            stage: dockerfile-parse puts nothing in their place, without a word, and dockerfile-ast answers undefined,
#            which by its documentation means that the Dockerfile does not define the variable. Both are right
#            when the same lines stand in one stage.
# Expected:  1.2 both times. The Dockerfile reference says it under ENV ("A stage inherits any environment variables that
#            were set using ENV by its parent stage or any ancestor") and of ARG under Scope.
# Seen:      one stage: app-1.2-3 1.2 3 / two stages: app-- undefined undefined
# Matters:   `FROM base AS release` is the usual shape, with versions set in base. Labels and names that are read from the file
#            lack the version that the built image has. Walk up the stages and hand dockerfile-parse their
#            variables as parent_env.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check dockerfile-parse==2.0.1
npm install --silent --no-audit --no-fund --prefix "$work" dockerfile-ast@0.7.1

printf 'FROM alpine AS base\nENV VERSION=1.2\nARG BUILD=3\n' >one
cp one two
printf 'FROM base AS release\n' >>two
for file in one two; do printf 'LABEL name=app-$VERSION-$BUILD\n' >>"$file"; done

cat >label.py <<'PY'
import sys

from dockerfile_parse import DockerfileParser

with open(sys.argv[1], "rb") as file:
    print(DockerfileParser(fileobj=file).labels["name"], end=" ")
PY
cat >resolve.js <<'JS'
const text = require("fs").readFileSync(process.argv[2], "utf8");
const dockerfile = require("dockerfile-ast").DockerfileParser.parse(text);
const line = text.trimEnd().split("\n").length - 1;
console.log(dockerfile.resolveVariable("VERSION", line), dockerfile.resolveVariable("BUILD", line));
JS
cat >expected <<'TEXT'
one: app-1.2-3 1.2 3
two: app-- undefined undefined
TEXT
for file in one two; do
  printf '%s: ' "$file"
  venv/bin/python label.py "$file"
  node resolve.js "$file"
done | tee seen
if ! cmp -s seen expected; then
  echo "changed: what a stage inherits is known to one of the readers now, or otherwise" >&2
  exit 1
fi
