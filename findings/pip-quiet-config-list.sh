#!/usr/bin/env bash
# Package:   pip 26.2 (PyPI)
# Behaviour: `quiet = 1` in the configuration silences the ANSWER of some commands: `pip config list` and `pip list` print
#            nothing and exit 0, `pip freeze` prints as ever.
# Expected:  that quiet silences progress and keeps results, or that all three go silent.
# Seen:      config list: 0 lines, list: 0 lines, freeze: some lines
# Matters:   images of CI runners carry such a pip.conf to calm their logs. A tool that asks `pip config list` for index
#            settings, or `pip list` for versions, is told that there are none, and nothing says that it failed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pip==26.2

printf '[global]\nquiet = 1\n' >"$work/pip.conf"
export PIP_CONFIG_FILE=$work/pip.conf
lines() { "$work/venv/bin/pip" "$@" | wc -l; }
config=$(lines config list)
list=$(lines list)
freeze=$(lines freeze --all)
echo "config list: $config lines, list: $list lines, freeze: $( ((freeze > 0)) && echo some || echo no) lines"
if ((config != 0 || list != 0 || freeze == 0)); then
  echo "changed: quiet in pip.conf silences other commands" >&2
  exit 1
fi
