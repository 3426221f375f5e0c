#!/usr/bin/env bash
# Package:   packaging 26.4 (PyPI)
# Behaviour: `in` and filter() of one SpecifierSet disagree on a release candidate: asked about 1.6.0rc1 alone, `>=1.5`
#            contains it; filtering a list that has a final release as well drops it. In 25.0 `in` said False.
# Expected:  that a version is in a set or not, whatever else is in the list.
# Seen:      in: True / filter with 1.5.0: ['1.5.0'] / filter alone: ['1.6.0rc1'] / all(in): ['1.5.0', '1.6.0rc1']
# Matters:   a matrix of releases that is built with `v in spec` takes up candidates since 26, one built with
#            filter() does not: two halves of one tool plan different pairs. Pass prereleases=True or False always.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet packaging==26.4

cat >"$work/show.py" <<'PY'
from packaging.specifiers import SpecifierSet

wanted = SpecifierSet(">=1.5")
print("in:", "1.6.0rc1" in wanted)
print("filter with 1.5.0:", list(wanted.filter(["1.5.0", "1.6.0rc1"])))
print("filter alone:", list(wanted.filter(["1.6.0rc1"])))
print("all(in):", [version for version in ("1.5.0", "1.6.0rc1") if version in wanted])
PY
cat >"$work/expected" <<'TEXT'
in: True
filter with 1.5.0: ['1.5.0']
filter alone: ['1.6.0rc1']
all(in): ['1.5.0', '1.6.0rc1']
TEXT
"$work/venv/bin/python" "$work/show.py" | tee "$work/seen"
if ! cmp -s "$work/seen" "$work/expected"; then
  echo "changed: in and filter() of a SpecifierSet answer otherwise" >&2
  exit 1
fi
