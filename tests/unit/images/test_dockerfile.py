"""What a frontend's Dockerfile says of its image, in texts shaped like upstream's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import BuildError
from harness.images.dockerfile import Description, describe

RELEASE = """\
FROM scratch AS release
LABEL example.frontend.network.none="true"
COPY --from=build /frontend /bin/frontend
ENTRYPOINT ["/bin/frontend"]
"""
NONE = {"example.frontend.network.none": "true"}
ENTRYPOINT = ("/bin/frontend",)


def labels(text: str) -> dict[str, str]:
    """Read labels from lines of a last stage."""
    return describe(f'FROM scratch\nENTRYPOINT ["/x"]\n{text}\n').labels


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('LABEL a.b="true"', {"a.b": "true"}),
        ("LABEL a.b=true", {"a.b": "true"}),
        ("LABEL a.b='one two'", {"a.b": "one two"}),
        ('LABEL "a.b"="one"', {"a.b": "one"}),
        ('LABEL a=1 b="2 3" c=4', {"a": "1", "b": "2 3", "c": "4"}),
        ("LABEL a=b=c", {"a": "b=c"}),
        ("LABEL a=", {"a": ""}),
        ("LABEL a one two", {"a": "one two"}),
        ('LABEL a "one two"', {"a": "one two"}),
        ("label a=1", {"a": "1"}),
        ("  LABEL a=1", {"a": "1"}),
        ("LABEL\ta=1", {"a": "1"}),
        ("LABEL a=1\nLABEL a=2 b=3", {"a": "2", "b": "3"}),
        ('LABEL caps="one,\\\ntwo"', {"caps": "one,two"}),
        ("LABEL a=1 \\\n  b=2 \\\n  c=3", {"a": "1", "b": "2", "c": "3"}),
        ("LABEL a=1 \\\n# between\n  b=2", {"a": "1", "b": "2"}),
        ("LABEL a=1 \\\n\n  b=2", {"a": "1", "b": "2"}),
        ("LABEL a=1 \\", {"a": "1"}),
        ("# LABEL a=1", {}),
        ("RUN echo LABEL a=1", {}),
        ("RUN echo \\\nLABEL a=1", {}),
        ("ENV LABEL=1", {}),
    ],
)
def test_every_form_of_label_is_read(text: str, expected: dict[str, str]) -> None:
    assert labels(text) == expected


def test_a_dockerfile_of_the_first_releases_has_no_label() -> None:
    text = """\
FROM --platform=$BUILDPLATFORM golang:1.11-alpine AS builder
LABEL not.of.the.image=1
COPY . /go/src/example.com/kit
RUN CGO_ENABLED=0 go build -o /frontend --ldflags '-extldflags "-static"' ./cmd/frontend

FROM scratch
COPY --from=builder /frontend /bin/frontend
ENTRYPOINT ["/bin/frontend"]"""
    assert describe(text) == Description({}, ENTRYPOINT)


def test_the_last_stage_takes_over_what_its_base_says() -> None:
    text = f"""\
# syntax = example/dockerfile:1.0-experimental
FROM golang AS base
RUN --mount=target=. \\\x20
  VERSION=$(detect "$CHANNEL"); \\
  echo -n "${{VERSION}}" | tee /tmp/.version;
{RELEASE}

FROM base AS check
LABEL not.of.the.image=1
COPY --from=build /frontend .
FROM release
"""
    assert describe(text) == Description(NONE, ENTRYPOINT)


def test_the_last_stages_own_words_win() -> None:
    text = f'{RELEASE}FROM Release\nLABEL example.frontend.network.none="false" more=1\n'
    assert describe(text).labels == {"example.frontend.network.none": "false", "more": "1"}
    other = describe(f'{RELEASE}FROM release\nENTRYPOINT ["/other", "arg"]\n')
    assert other == Description(NONE, ("/other", "arg"))


def test_a_stage_that_shadows_a_name_is_the_one_that_is_meant() -> None:
    text = f"FROM scratch AS release\nLABEL old=1\n{RELEASE}FROM release\n"
    assert describe(text).labels == NONE


def test_a_stage_based_on_an_image_of_its_own_name_takes_over_nothing() -> None:
    text = 'FROM release AS release\nLABEL a=1\nENTRYPOINT ["/x"]\n'
    assert describe(text).labels == {"a": "1"}


@pytest.mark.parametrize(
    "heredoc",
    [
        "RUN --mount=target=. <<EOT\n{}\nEOT",
        "RUN <<-EOT\n{}\n\t\tEOT",
        "RUN <<'EOT'\n{}\nEOT",
        'RUN <<"EOT" cat\n{}\nEOT',
        "RUN 3<<EOT cat\n{}\nEOT",
        "RUN cat <<ONE <<TWO\n{}\nONE\n{}\nTWO",
        "COPY <<EOT /file\n{}\nEOT",
        "RUN \\\n  cat \\\n  <<EOT\n{}\nEOT",
    ],
)
def test_what_a_heredoc_holds_is_no_instruction(heredoc: str) -> None:
    inner = 'FROM other\nLABEL inner=1\nENTRYPOINT ["/inner"]\n EOT\nFROM x \\'
    text = f"FROM base\n{heredoc.replace('{}', inner)}\n{RELEASE}"
    assert describe(text) == Description(NONE, ENTRYPOINT)


@pytest.mark.parametrize(
    "line",
    [
        "RUN echo $((1<<20)) $((a<<b))",
        "RUN cat <<<word",
        'LABEL shift="a <<EOT b"',
        "ENV X <<EOT",
        "RUN echo '<<EOT'",
    ],
)
def test_what_only_looks_like_a_heredoc_hides_nothing(line: str) -> None:
    assert describe(f"FROM base\n{line}\n{RELEASE}") == Description(NONE, ENTRYPOINT)


def test_a_heredoc_without_an_end_is_an_error_and_not_a_missing_label() -> None:
    with pytest.raises(BuildError, match="no end of <<EOT"):
        describe(f"{RELEASE}RUN <<EOT\nLABEL a=1\n")


@pytest.mark.parametrize("text", ["", "# nothing\n", "ARG X=1\nLABEL a=1\n"])
def test_a_dockerfile_without_a_stage_is_an_error(text: str) -> None:
    with pytest.raises(BuildError, match="no stage"):
        describe(text)


@pytest.mark.parametrize("line", ["", "ENTRYPOINT /bin/frontend", "ENTRYPOINT {}", "ENTRYPOINT []"])
def test_a_last_stage_without_an_entrypoint_in_exec_form_is_an_error(line: str) -> None:
    with pytest.raises(BuildError, match="no ENTRYPOINT in exec form"):
        describe(f"FROM scratch\n{line}\n")


def test_a_label_whose_quotation_does_not_end_is_an_error() -> None:
    with pytest.raises(BuildError, match="LABEL with No closing quotation"):
        labels('LABEL a="1')


PIECES = ["FROM a", "FROM b AS a", "LABEL a=", "LABEL", 'ENTRYPOINT ["/x"]', "RUN <<A", "A", "\n"]
texts = st.lists(st.sampled_from([*PIECES, *"\n\n\\\"' =#[{"]) | st.text(max_size=3)).map("".join)


@given(texts)
def test_any_text_is_described_or_refused_in_words(text: str) -> None:
    try:
        found = describe(text)
    except BuildError:
        return
    assert found.entrypoint


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9.]{0,20}", fullmatch=True), st.text("abc ,=")))
def test_labels_come_back_as_they_were_written(wanted: dict[str, str]) -> None:
    assert labels("\n".join(f'LABEL {key}="{value}"' for key, value in wanted.items())) == wanted


@pytest.mark.parametrize("entrypoint", ["[" * 100_000, f"[{'9' * 5000}]", "[1e999", '["\\ud800"'])
def test_an_entrypoint_that_is_absurd_is_none(entrypoint: str) -> None:
    with pytest.raises(BuildError, match="no ENTRYPOINT in exec form"):
        describe(f"FROM scratch\nENTRYPOINT {entrypoint}\n")
