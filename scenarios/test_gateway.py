"""A frontend of our own, compiled in the daemon's tree with its gateway client, and its caches."""

from __future__ import annotations

from functools import partial

import pytest

from kit.builds import Builds
from kit.caches import FORMS, name_in_registry
from kit.marks import scenario
from kit.outcomes import holds, same

README = "README.md#export-cache"
own = partial(scenario, area="Frontends of others")
DOCS = "docs/dev/request-lifecycle.md"


def numbered(build: Builds) -> str:
    """Return what has the frontend run a command that makes another number whenever it runs."""
    return f"{build.base}\ncat /proc/sys/kernel/random/uuid >/got # {build.nonce}\n"


@own("A frontend of one's own", "# syntax=example.com/frontend", DOCS)
def test_gateway(gateway: Builds) -> None:
    """Its commands run, the context is where it puts it, and its configuration is the image's."""
    image = gateway.image(
        f"{gateway.base}\nmkdir /made && cat /c/d/f >/made/f\nchmod 640 /made/f\n",
        {"d/f": gateway.nonce},
    )
    same("content", image.layer(-2)["made/f"].text, gateway.nonce)
    same("mode", image.layer(-1)["made/f"].mode, "0640")
    same("labels", image.config["Labels"], {"by": "gateway"})
    same("environment", image.config["Env"], ["PATH=/bin"])
    same("layers", len(image.layers), 4)


@own("A frontend of one's own, build cache", "--frontend gateway.v0 --opt source=…", DOCS)
def test_gateway_cache(gateway: Builds) -> None:
    """Nothing runs again, unless the context differs."""
    text = numbered(gateway)
    first, again, other = (gateway.got(text, {"f": it}) for it in ("x", "x", "y"))
    same("number", again, first)
    holds("another number with another context", other != first, other)


@own("A frontend of one's own, errors", "--frontend gateway.v0 --opt source=…", DOCS)
def test_gateway_error(gateway: Builds) -> None:
    """A command that fails is named, with what it said."""
    text = f"{gateway.base}\necho said-$((40+2)); exit 3 # {gateway.nonce}\n"
    words = gateway.fails(text, {"f": ""})
    holds("what the command said", "said-42" in words, words)


def cached(kind: str) -> pytest.MarkDecorator:
    """Return the mark that tries a kind of cache: of the image's layers alone, and of all."""
    ((written, read),) = ((written, read) for form, written, read in FORMS if form == kind)
    return pytest.mark.parametrize(
        ("written", "read"),
        [
            pytest.param(
                f"{written},mode={mode}",
                read,
                id=mode,
                marks=own(
                    f"A frontend of one's own, {kind} cache, mode={mode}",
                    f"--export-cache type={kind},mode={mode},…",
                    README,
                ),
            )
            for mode in ("min", "max")
        ],
    )


@cached("local")
def test_gateway_local(gateway: Builds, written: str, read: str) -> None:
    """A daemon that has forgotten reads what was exported, and runs nothing again."""
    exported(gateway, written, read)


@cached("registry")
@pytest.mark.usefixtures("alone")
def test_gateway_registry(gateway: Builds, written: str, read: str) -> None:
    """A daemon that has forgotten reads what was pushed, and runs nothing again."""
    exported(gateway, written, read)


def exported(gateway: Builds, written: str, read: str) -> None:
    """Raise WrongError unless a cache that the frontend's build exports is read by the next."""
    names = {"path": str(gateway.folder / "cache"), "name": name_in_registry(gateway)}
    text, files = numbered(gateway), {"f": "x"}
    first = gateway.got(text, files, arguments=["--export-cache", written.format(**names)])
    gateway.forget()
    image = gateway.image(text, files, arguments=["--import-cache", read.format(**names)])
    same("number after import", image.layer(-1)["got"].text, first)
    same("labels", image.config["Labels"], {"by": "gateway"})


@own("A frontend of one's own, inline cache", "--export-cache type=inline", README)
@pytest.mark.usefixtures("alone")
def test_gateway_inline(gateway: Builds) -> None:
    """The image is its own cache."""
    text, files = numbered(gateway), {"f": "x"}
    image = gateway.pushed(text, files, arguments=["--export-cache", "type=inline"])
    gateway.forget()
    arguments = ["--import-cache", f"type=registry,ref={name_in_registry(gateway)}"]
    again = gateway.got(text, files, arguments=arguments)
    same("number after import", again, image.layer(-1)["got"].text)
