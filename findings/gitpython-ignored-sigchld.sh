#!/usr/bin/env bash
# Package:   GitPython 3.2.1 (PyPI) on CPython's subprocess (seen on 3.11)
# Behaviour: when SIGCHLD is ignored (a disposition that a child inherits through exec), every git command counts as
#            successful: rev-parse --verify of an unknown name returns '' where it otherwise raises GitCommandError.
#            The kernel drops the exit status, and subprocess reports 0 for what it could not learn.
# Expected:  an error, since the status is unknown; or GitPython sees the text on standard error.
# Seen:      default: GitCommandError / ignored: ''
# Matters:   a supervisor or a shell's `trap '' CHLD` hands the disposition on. A harness under it takes each failed
#            git, go test or docker for a success. Set SIGCHLD to its default at start.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet GitPython==3.2.1

cat >"$work/show.py" <<'PY'
import signal
import tempfile

import git

with tempfile.TemporaryDirectory() as folder:
    repository = git.Repo.init(folder)
    for name, handler in (("default", signal.SIG_DFL), ("ignored", signal.SIG_IGN)):
        signal.signal(signal.SIGCHLD, handler)
        try:
            print(f"{name}: {repository.git.rev_parse('--verify', 'unknown')!r}")
        except git.GitCommandError as error:
            print(f"{name}: {type(error).__name__}")
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
PY
cat >"$work/expected" <<'TEXT'
default: GitCommandError
ignored: ''
TEXT
"$work/venv/bin/python" "$work/show.py" | tee "$work/seen"
if ! cmp -s "$work/seen" "$work/expected"; then
  echo "changed: a failing git is seen as one though SIGCHLD is ignored" >&2
  exit 1
fi
