"""The part of a test's log that a maintainer wants to read, cut out and bounded.

Testify's layout is that of `assert.Fail`: labels behind a tab, continuation lines behind a tab,
the label's width in spaces and another tab. v0.3's older one hides `file:line` behind carriage
returns and indents continuations with one tab. Both stand inside a t.Log entry of Go:
`    file.go:12: ` and continuation lines indented by four more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile

from harness.gotest.logs import readable
from harness.model import Program

LIMIT = 4096
"""Characters of an excerpt."""

_LINE_LIMIT = 1024
_LINE_HEAD, _LINE_TAIL = 640, 320
_LAST_LINES = 24
_LAST_BYTES = 64 * 1024
_ONE_LINE = 300
_GAP = " [...] "

_ENTRY = re.compile(r"(?m)^( {4,})([^\s:]+\.(?:go|py):\d+): ?(.*)$")
_LABEL = re.compile(r"\t?(Error Trace|Error|Messages|Test):[ \t]*(.*)")
_CONTINUED = re.compile(r"\t {12}\t|\t")
_SOURCE = re.compile(r"\t\S+\.(?:go|s):\d+")
_MUTE = re.compile(r"(?m)^Error: +(?:Received unexpected error:?\s+)?exit status \d+$")
_DAEMON_ERROR = re.compile(rb'time="[^"]*" level=(?:error|fatal) msg="((?:[^"\\]|\\.)*)')
_PREFIX = re.compile(r"^/moby\.buildkit\.v1\.Control/\w+ returned error: ")
_WRAPPER = re.compile(
    r"(?:rpc error: code = \w+ desc = |failed to solve with frontend [\w.-]+: "
    r"|failed to solve: |failed to build LLB: )+"
)

_COMPARED = re.compile(
    r"(?i)\b(?:expect(?:ed|s|ing)?|want(?:ed)?|should)\b(?! (?:no|nil|success|\d+ bytes|number)\b)"
    r"|\b(?:not|n't) (?:contain|match)"
)
"""Words of a t.Fatal that says what a test wanted to see."""
_LOCATION = re.compile(r"^\S+\.(?:go|py):\d+: ")
_WORDLESS = {"Should be true", "Should be false", "Should not be empty", "An error is expected"}
BUILD_FAILED, WRONG = "The build failed:", "The result is not right:"
"""With what the error of a scenario begins, whose build failed or went wrong."""

_UNEXPECTED = re.compile(
    rf"Received unexpected error:?\s*|Expected nil, but got: |{BUILD_FAILED}\s*"
)
_OTHER_ERROR = re.compile(r'(?:Error )?"(?P<came>(?s:.+))" does not contain "')
_UNEQUAL = re.compile(r"(?:expected|actual) *: ")
_TRACE = "Error Trace:"

_TELLING = (*(f"{program.capitalize()}:" for program in Program), "Error:")
"""Labels of an excerpt, the one that says most first."""


def blocks(said: bytes, test: str) -> tuple[str, dict[str, str]]:
    """Return the test's own testify blocks as one excerpt, and other tests' by their name.

    A block without a `Test:` label (v0.3) belongs to the test in whose log it stands.
    """
    if _TRACE.encode() not in said:
        return "", {}
    own: list[str] = []
    foreign: dict[str, str] = {}
    for location, body in _entries(readable(said)):
        if _TRACE not in body:
            continue
        labels = _labels(body)
        owner = labels.pop("Test", "")
        shown = _laid_out_block(labels, location)
        if not test or owner in {"", test}:
            own.append(shown)
        else:
            foreign.setdefault(owner, _bounded(shown))
    return _bounded("\n".join(own)), foreign


def from_daemon(excerpt: str, daemon: bytes) -> str:
    """Add the daemon's last error to an excerpt that only says `exit status 1`.

    Tests that call buildctl print nothing else; the daemon's log has what buildctl was told.
    """
    said = _DAEMON_ERROR.findall(daemon) if _MUTE.search(excerpt) else []
    if not said:
        return excerpt
    words = readable(said[-1]).replace('\\"', '"').replace("\\n", "\n").replace("\\t", "\t")
    message = _without_stack(_PREFIX.sub("", words)).strip()
    return _bounded("\n".join([excerpt, *_laid_out("Daemon:", message)]))


def with_panic(excerpt: str, program: str, words: str) -> str:
    """Add a program's panic, with the goroutine that did it, to an excerpt."""
    return _bounded("\n".join([excerpt, *_laid_out(f"{program.capitalize()}:", words)]))


def unexpected(excerpt: str) -> list[str]:
    """Return what calls that should have succeeded returned instead, one text for each.

    A test that compared two texts and got the wrong one has failed by itself, whatever words
    stand in them. Where an error says nothing itself (`exit status 1`), what stands beside it is
    returned with it.
    """
    if _TRACE not in excerpt:
        return [] if _COMPARED.search(excerpt) else [excerpt]
    beside = _section(excerpt, "Daemon:")
    found: list[str] = []
    for block in excerpt.split(_TRACE)[1:]:
        told = _section(block, "Error:")
        text = "\n".join(told)
        if told and _UNEXPECTED.match(text):
            mute = _MUTE.match(f"Error: {text}") is not None
            found.append(
                "\n".join([text, *(_section(block, "Messages:") + beside if mute else ())])
            )
    return found


def instead(excerpt: str) -> list[str]:
    """Return the errors that came where a test wanted others, one text for each assertion."""
    told = ("\n".join(_section(block, "Error:")) for block in excerpt.split(_TRACE)[1:])
    return [match["came"] for text in told if (match := _OTHER_ERROR.match(text))]


def failures(excerpt: str) -> int:
    """Return how many assertions of testify failed; none, where the test spoke for itself."""
    return excerpt.count(_TRACE)


def last_log(said: bytes) -> str:
    """Return the last entry that t.Log, t.Error, t.Fatal or t.Skip wrote; empty if none did."""
    if b".go:" not in said and b".py:" not in said:
        return ""
    last = ""
    for location, body in _entries(readable(said)):
        last = f"{location}: {body.strip()}"
    return _bounded(_without_stack(last))


def last_words(said: bytes) -> str:
    """Return the last lines of anything, for want of something better."""
    lines = [line.rstrip() for line in readable(said[-_LAST_BYTES:]).splitlines() if line.strip()]
    text = "\n".join(_shortened(line) for line in lines[-_LAST_LINES:])
    return text[-LIMIT:]


def head(text: str) -> str:
    """Return the beginning of a dump, bounded and safe to show."""
    return _bounded(readable(text))


def without_wrappers(text: str) -> str:
    """Drop the words by which each layer hands an error on: `rpc error: code = … desc = `."""
    return _WRAPPER.sub("", text)


def error_line(excerpt: str) -> str:
    """Return the single line of an excerpt that says most, at most 300 characters."""
    told = next(filter(None, (_section(excerpt, label) for label in _TELLING)), [])
    if not told:
        lines = (line for line in excerpt.splitlines() if line.strip())
        return _one_line(_LOCATION.sub("", next(lines, "")))
    text = _UNEXPECTED.sub("", told[0])
    if not text and len(told) > 1:
        text = told[1]
    elif _UNEQUAL.match("".join(told[1:2])):
        text = " ".join([told[0], *filter(_UNEQUAL.match, told[1:])])
    elif text.endswith(":") and len(told) > 1:
        text = f"{text} {told[1]}"
    elif text in _WORDLESS:
        text = " ".join([text, *_section(excerpt, "Messages:")[:1]])
    return _one_line(text)


def _section(excerpt: str, label: str) -> list[str]:
    """Return the lines under the first such label."""
    lines = iter(excerpt.splitlines())
    for line in lines:
        if line.startswith(label):
            told = [line.removeprefix(label).strip()]
            told.extend(rest.strip() for rest in takewhile(_indented, lines))
            return told
    return []


def _indented(line: str) -> bool:
    return line.startswith(" ")


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """Yield `file.go:12` and the text of each entry, its indentation removed."""
    for match in _ENTRY.finditer(text):
        indent = match[1] + "    "
        body = [match[3]]
        start = match.end() + 1
        while start < len(text) and (text.startswith(indent, start) or text[start] == "\n"):
            end = text.find("\n", start)
            end = len(text) if end < 0 else end
            body.append(text[start + len(indent) : end])
            start = end + 1
        yield match[2], "\n".join(body)


def _labels(body: str) -> dict[str, str]:
    labels: dict[str, list[str]] = {}
    current: list[str] = []
    for line in body.split("\n"):
        label = _LABEL.match(line)
        if label:
            current = labels.setdefault(label[1], [])
            current.append(label[2])
        else:
            current.append(_CONTINUED.sub("", line, count=1))
    return {label: "\n".join(lines).strip() for label, lines in labels.items()}


def _laid_out_block(labels: dict[str, str], location: str) -> str:
    """Lay a block out: the trace as file:line, the error without its stack, the message."""
    trace = [line.strip().rpartition("/")[2] for line in labels.get("Error Trace", "").split("\n")]
    parts = [("Error Trace:", "\n".join(trace) or location)]
    parts.append(("Error:", _without_stack(labels.get("Error", ""))))
    if labels.get("Messages"):
        parts.append(("Messages:", labels["Messages"]))
    return "\n".join(line for label, text in parts for line in _laid_out(label, text))


def _laid_out(label: str, text: str) -> list[str]:
    first, *rest = text.split("\n")
    lines = [f"{label:<12} {_shortened(first)}"]
    lines.extend(f"{'':<12} {_shortened(line)}" for line in rest if line.strip())
    return [line.rstrip() for line in lines]


def _without_stack(text: str) -> str:
    """Drop each frame of a stack: a function's line and the indented source line below it."""
    kept: list[str] = []
    for line in text.split("\n"):
        if _SOURCE.match(line) and kept and not kept[-1].startswith(("\t", " ")):
            kept.pop()
        else:
            kept.append(line)
    return "\n".join(kept).rstrip()


def _shortened(line: str) -> str:
    if len(line) <= _LINE_LIMIT:
        return line
    return line[:_LINE_HEAD] + _GAP + line[-_LINE_TAIL:]


def _bounded(text: str) -> str:
    if len(text) <= LIMIT:
        return text
    cut = text.rfind("\n", LIMIT // 2, LIMIT - len(_GAP))
    return text[: cut if cut > 0 else LIMIT - len(_GAP)] + "\n" + _GAP.strip()


def _one_line(text: str) -> str:
    text = without_wrappers(text.strip())
    return text if len(text) <= _ONE_LINE else text[: _ONE_LINE - 1] + "\N{HORIZONTAL ELLIPSIS}"
