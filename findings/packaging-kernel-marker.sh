#!/usr/bin/env bash
# Package:   packaging 26.4 (PyPI)
# Behaviour: for a kernel release such as 6.1.0-18-amd64 a marker on platform_release is False whatever its operator:
#            `>= '5'`, `< '5'`, `== '5'` and even `!= '5'` are all False. 25.0 raised InvalidVersion for each of them.
# Expected:  one of `>=` and `<` holds, one of `==` and `!=` holds; or an error, as before.
# Seen:      6.1.0-18-amd64 [False, False, False, False]   (and 6.1.0: [True, False, False, True])
# Matters:   every distribution's kernel is named like this. A requirement or a lock entry that is guarded by such a
#            marker is left out without a word, and so is its opposite: neither of two alternatives gets installed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet packaging==26.4

cat >"$work/show.py" <<'PY'
from packaging.markers import Marker

for release in ("6.1.0-18-amd64", "6.1.0"):
    markers = [Marker(f"platform_release {operator} '5'") for operator in (">=", "<", "==", "!=")]
    print(release, [marker.evaluate({"platform_release": release}) for marker in markers])
PY
cat >"$work/expected" <<'TEXT'
6.1.0-18-amd64 [False, False, False, False]
6.1.0 [True, False, False, True]
TEXT
"$work/venv/bin/python" "$work/show.py" | tee "$work/seen"
if ! cmp -s "$work/seen" "$work/expected"; then
  echo "changed: markers on a distribution's kernel release are judged in another way" >&2
  exit 1
fi
