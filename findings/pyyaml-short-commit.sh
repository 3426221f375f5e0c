#!/usr/bin/env bash
# Package:   PyYAML 6.0.4 (PyPI) and yaml 2.9.1 (npm)
# Behaviour: safe_dump leaves strings bare that its own reader takes for strings but YAML 1.2's core schema takes for
#            numbers: digits with an e and no sign or dot, a leading zero, 0o. Read in JavaScript, abbreviated commits
#            become Infinity, or lose their first digit.
# Expected:  quotes round every string that any YAML version reads as a number.
# Seen:      {"abbreviated":"Infinity number","zero":"812345 number","digits":"1234567 string"}
# Matters:   a manifest that Python writes and a JavaScript action reads: 7e12345 and 0812345 are commits. PyYAML's own
#            round trip is right, so no Python test sees it; 1234567 is quoted, so most commits pass.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet PyYAML==6.0.4
npm install --silent --no-audit --no-fund --prefix "$work" yaml@2.9.1

cat >write.py <<'PY'
import yaml

commits = {"abbreviated": "7e12345", "zero": "0812345", "digits": "1234567"}
text = yaml.safe_dump(commits, sort_keys=False)
assert yaml.safe_load(text) == commits
print(text, end="")
PY
cat >read.js <<'JS'
const commits = require("yaml").parse(require("fs").readFileSync("commits.yaml", "utf8"));
console.log(JSON.stringify(commits, (key, value) => (key === "" ? value : `${value} ${typeof value}`)));
JS
venv/bin/python write.py >commits.yaml
seen=$(node read.js)
echo "$seen"
if [[ $seen != '{"abbreviated":"Infinity number","zero":"812345 number","digits":"1234567 string"}' ]]; then
  echo "changed: what PyYAML writes is read by yaml (npm) in another way" >&2
  exit 1
fi
