#!/usr/bin/env bash
# Package:   msgspec 0.23.0 (PyPI)
# Behaviour: a subclass of str is refused as a value ("Encoding objects of type Name is unsupported") and accepted as the
#            key of a dict, in JSON; the standard library writes both.
# Expected:  one rule for both places.
# Seen:      key: b'{"TestCopy":1}' / value: TypeError / json: {"TestCopy": "TestCopy"}
# Matters:   strings that a library hands out are often subclasses (ruamel.yaml's scalars, Markup, a test's name with its
#            own type). A report keyed by them is written; the first that lists them as values fails at the end of a run.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet msgspec==0.23.0

cat >"$work/show.py" <<'PY'
import json

import msgspec


class Name(str):
    pass


name = Name("TestCopy")
print("key:", msgspec.json.encode({name: 1}))
try:
    print("value:", msgspec.json.encode([name]))
except TypeError as error:
    print("value:", type(error).__name__)
print("json:", json.dumps({name: name}))
PY
cat >"$work/expected" <<'TEXT'
key: b'{"TestCopy":1}'
value: TypeError
json: {"TestCopy": "TestCopy"}
TEXT
"$work/venv/bin/python" "$work/show.py" | tee "$work/seen"
if ! cmp -s "$work/seen" "$work/expected"; then
  echo "changed: subclasses of str are treated alike as keys and values" >&2
  exit 1
fi
