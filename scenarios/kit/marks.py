"""The mark that says what a scenario is about."""

from __future__ import annotations

import pytest

_REFERENCE = "https://docs.docker.com/reference/dockerfile/"
_BUILDKIT = "https://github.com/moby/buildkit/blob/master/"


def scenario(
    feature: str, syntax: str, docs: str, since: str = "", *, area: str = ""
) -> pytest.MarkDecorator:
    """Name the feature that a scenario tries, as people are shown it.

    `syntax` is its shortest form. `docs` is an anchor of the Dockerfile reference (`#copy`), a
    file of BuildKit's repository, or an address. `since` is the dockerfile version it came with,
    with `-labs` if it is in that channel alone, or empty if it is as old as Dockerfiles. `area`
    is the group of features, the first word of the name if it is not given.
    """
    if docs.startswith("#"):
        docs = _REFERENCE + docs
    elif "://" not in docs:
        docs = _BUILDKIT + docs
    area = area or feature.split(maxsplit=1)[0]
    return pytest.mark.scenario(feature=feature, area=area, syntax=syntax, docs=docs, since=since)
