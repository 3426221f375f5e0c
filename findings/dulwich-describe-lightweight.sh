#!/usr/bin/env bash
# Package:   dulwich 1.2.21 (PyPI), against git describe
# Behaviour: porcelain.describe counts lightweight tags; git describe takes annotated tags alone unless --tags is given.
# Expected:  git's answer: `v0.8.0-1-g…`, as git describe and pygit2's default give.
# Seen:      dulwich: nightly  git: v0.8.0
# Matters:   projects put moving or private lightweight tags (nightly, a CI's own marks) beside annotated releases. A
#            tool that derives the release line from this description names another line than the Makefile does.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet dulwich==1.2.21

cat >"$work/show.py" <<'PY'
import subprocess
import tempfile
from pathlib import Path

from dulwich import porcelain

identity = ["-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "tag.gpgSign=false", "-c", "commit.gpgSign=false"]
with tempfile.TemporaryDirectory() as folder:

    def git(*words: str) -> str:
        return subprocess.run(["git", *identity, *words], cwd=folder, check=True, text=True, capture_output=True).stdout

    git("init", "--quiet")
    for number, tag in enumerate((["tag", "-a", "v0.8.0", "-m", "release"], ["tag", "nightly"], ["tag", "--list"])):
        Path(folder, "file").write_text(f"{number}\n")
        git("add", "file")
        git("commit", "--quiet", "-m", f"change {number}")
        git(*tag)
    print("dulwich:", porcelain.describe(folder).split("-")[0], " git:", git("describe").split("-")[0])
PY
cat >"$work/expected" <<'TEXT'
dulwich: nightly  git: v0.8.0
TEXT
"$work/venv/bin/python" "$work/show.py" | tee "$work/seen"
if ! cmp -s "$work/seen" "$work/expected"; then
  echo "changed: dulwich and git describe name the same tag now, or others" >&2
  exit 1
fi
