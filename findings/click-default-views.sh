#!/usr/bin/env bash
# Package:   click 8.5.1 (PyPI)
# Behaviour: an option's default is three things. With a ParamType of one's own, param.default and get_default() give
#            the raw string that the command never sees. Without a default both give a private Sentinel.UNSET, while
#            to_info_dict() says None, and so does the command.
# Expected:  get_default() returns what the command receives, None where nothing was given.
# Seen:      timeout '30m' '30m' '30m' 1800 / name Sentinel.UNSET Sentinel.UNSET None None
# Matters:   generated documentation and "differs from the default" checks compare these. A run of 1800 s always differs
#            from '30m', and `is None` never finds an option that has no default. Convert with type_cast_value first.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet click==8.5.1

cat >"$work/show.py" <<'PY'
import click


class Minutes(click.ParamType):
    name = "minutes"

    def convert(self, value, param, ctx):
        return 60 * int(value.removesuffix("m")) if isinstance(value, str) else value


@click.command()
@click.option("--timeout", type=Minutes(), default="30m")
@click.option("--name")
def command(**received):
    return received


context = command.make_context("command", [])
for param in command.params:
    views = (param.default, param.get_default(context), param.to_info_dict()["default"], context.params[param.name])
    print(param.name, *map(repr, views))
PY
cat >"$work/expected" <<'TEXT'
timeout '30m' '30m' '30m' 1800
name Sentinel.UNSET Sentinel.UNSET None None
TEXT
"$work/venv/bin/python" "$work/show.py" | tee "$work/seen"
if ! cmp -s "$work/seen" "$work/expected"; then
  echo "changed: click's views of a default agree in another way" >&2
  exit 1
fi
