"""Secrets that reach the program in every way there is are in nothing that it writes or says.

Its tests and daemons print all that they know: they fail, they crash, they are suspicious.
"""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from harness import minikit
from harness.journal import read_run
from harness.model import Run
from harness.store import Store
from harness.tools.inherited import GIT, inherited
from harness.tools.process import Request, run
from tests.support.demo_program import MINIKIT, Program
from tests.support.git_server import Server, serving

pytestmark = pytest.mark.e2e

USER = "somebody"
SECRETS = {
    name: f"hunter2/of+the@{name}"
    for name in ("url", "token", "password", "key", "proxy", "other-proxy", "registry")
}
FORMS = tuple(
    form
    for secret in (*SECRETS.values(), f"{USER}:{SECRETS['registry']}")
    for form in (secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode())
)
"""How they may stand somewhere."""

SUITE = """\
package dockerfile

import (
	"fmt"
	"os"
	"testing"

	"example.com/minikit/util/testutil/integration"
)

func init() {
	allTests = append(allTests, testTellsAll, testTellsAllAndDiesNoParallel)
}

func testTellsAll(t *testing.T, sb integration.Sandbox) {
	fmt.Println(os.Environ())
	t.Fatal("Error: ", os.Environ())
}

func testTellsAllAndDiesNoParallel(t *testing.T, sb integration.Sandbox) {
	panic(fmt.Sprint(os.Environ()))
}
"""
DAEMON = """\
package main

import "os"

func init() {
	for _, it := range os.Environ() {
		os.Stderr.WriteString("WARNING: DATA RACE: " + it + "\\n")
	}
}
"""
ORACLE = "suspect: [{kind: data-race, pattern: '^WARNING: DATA RACE'}]\n"


@dataclass(frozen=True)
class Told:
    """What the program said and wrote."""

    place: Path
    """Has all that it writes, and nothing else."""
    said: str
    run: Run
    folder: Path
    server: Server


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, program: Program) -> Told:
    folder = tmp_path_factory.mktemp("secrets")
    place, data = folder / "place", folder / "data"
    place.mkdir()
    shutil.copytree(MINIKIT, data)
    (data / "matrices" / "oracle.yaml").write_text(ORACLE, "utf-8")
    _repository(folder / "site" / "origin")
    with serving(folder / "site", USER, SECRETS["url"], FORMS) as server:
        ours = Program.fresh(place, compiled=program.cache, **_environment(folder, place))
        where = f"http://{USER}:{quote(SECRETS['url'], safe='')}@127.0.0.1:{server.server_port}"
        pair = ("run", "v0.1.2", "master", "--repo", f"{where}/origin/.git", "--data", str(data))
        tests = [word for name in ("TestTells*", "TestCmd*") for word in ("--tests", name)]
        said = [ours.run(*pair, *tests, "--backend", "native", "--debug")]
        latest = ours.latest()
        said += [
            ours.run(*words, str(latest), "--debug", cache=False, out=False)
            for words in (("report",), ("report", "--annotations"), ("history", "--record"))
        ]
        said += [
            ours.run("gate", str(latest), "--debug", cache=False, out=False),
            ours.run("doctor", "--debug", out=False),
            ours.run("run", "v0.1.2", "no-such", *pair[3:], "--debug"),
        ]
    words = "\n".join(f"{code}\n{out}\n{err}" for code, out, err in said)
    return Told(place, words, read_run(latest), latest, server)


def _repository(folder: Path) -> None:
    """Make MiniKit with a release whose tests and daemon tell all that they know."""
    bare = minikit.materialise(MINIKIT, Store(folder.parents[1] / "source"))

    def git(*words: str) -> None:
        who = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com"]
        run(Request(["git", *who, *words], env=inherited(GIT)))

    git("clone", "--quiet", str(bare), str(folder))
    at = ("-C", str(folder))
    git(*at, "checkout", "--quiet", "--detach", "v0.1.1")
    (folder / "frontend" / "dockerfile" / "tells_test.go").write_text(SUITE, "utf-8")
    (folder / "cmd" / "buildkitd" / "tells.go").write_text(DAEMON, "utf-8")
    git(*at, "add", "--all")
    git(*at, "commit", "--quiet", "--message", "Tell all")
    git(*at, "tag", "v0.1.2")
    git(*at, "update-server-info")


def _environment(folder: Path, place: Path) -> dict[str, str]:
    docker = folder / "docker"
    docker.mkdir()
    auth = base64.b64encode(f"{USER}:{SECRETS['registry']}".encode()).decode()
    auths = {"auths": {"registry.example.com": {"auth": auth}}}
    (docker / "config.json").write_text(json.dumps(auths), "utf-8")
    (place / "tmp").mkdir()
    (place / "home").mkdir()
    proxy = quote(SECRETS["proxy"], safe="")
    return {
        "HOME": str(place / "home"),
        "TMPDIR": str(place / "tmp"),
        "COMPAT_HISTORY": str(place / "history.sqlite3"),
        "DOCKER_CONFIG": str(docker),
        "SOME_TOKEN": SECRETS["token"],
        "REGISTRY_PASSWORD": SECRETS["password"],
        "AWS_SECRET_ACCESS_KEY": SECRETS["key"],
        "HTTPS_PROXY": f"http://{USER}:{proxy}@127.0.0.1:9",
        "https_proxy": f"http://{USER}:{SECRETS['other-proxy']}@127.0.0.1:9",
        "NO_PROXY": "127.0.0.1",
    }


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def test_what_they_print_is_looked_at(told: Told) -> None:
    """Else nothing would be found because nothing was there."""
    names = {row.name.split("/")[1] for row in told.run.judgements}
    assert names >= {"TestTellsAll", "TestTellsAllAndDiesNoParallel", "TestCmdShell"}
    assert any(result.suspicions for leg in told.run.legs for result in leg.results)
    hidden = f"HTTPS_PROXY=http://{USER}:***@".encode()
    kept = [path for path in _files(told.folder) if hidden in path.read_bytes()]
    assert {path.parent.name for path in kept} >= {"candidate", "processes", "tests", "daemon"}
    assert told.server.served > 0
    assert "TOKEN" not in (told.folder / "candidate" / "raw.log").read_text("utf-8", "replace")


def test_no_file_has_any_of_them(told: Told) -> None:
    found = {
        (str(path.relative_to(told.place)), form)
        for path in _files(told.place)
        for form in FORMS
        if form.encode() in path.read_bytes()
    }
    assert found == set()


def test_nothing_that_is_said_has_any_of_them(told: Told) -> None:
    assert "harness.tools.process: run" in told.said  # --debug says which programs
    assert [form for form in FORMS if form in told.said] == []


def test_no_program_is_given_any_of_them_as_an_argument(told: Told) -> None:
    ours = "\0harness.cli\0"  # as it was typed
    assert {words for words in told.server.seen if ours not in words} == set()
