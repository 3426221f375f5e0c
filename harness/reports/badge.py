"""A badge for a README: what came of a matrix in three words, as SVG without anything to fetch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from harness.model.matrix import CellState, MatrixRun
from harness.reports.overview import CellView, headline
from harness.reports.report import TextReport

_SUBJECT = "compat"
_PADDING = 6

_GLYPH = 6.7
"""Width of an average glyph; `textLength` makes the text fit whatever the font."""
_COLOURS = {"bad": "#c0272d", "odd": "#7b3fb3", "warn": "#946200", "good": "#2a7849"}


class Badge(TextReport):
    """`3/12 regressed`, `2/12 without result` or `12 compatible`."""

    file = "badge.svg"

    def foot(self) -> Iterator[str]:
        """Return the whole badge."""
        yield badge(self.stored.matrix, self.stored.views)


def badge(matrix: MatrixRun, views: Sequence[CellView]) -> str:
    """Draw the badge: `3/12 regressed`, `2/12 without result`, `12 compatible`."""
    text, colour = _text_and_colour(views)
    left, right = _width(_SUBJECT), _width(text)
    whole = " ".join(filter(None, headline(matrix, views)[:1]))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f'aria-label="{_SUBJECT}: {text}">\n'
        f"<title>{escape(whole)}</title>\n"
        f'<clipPath id="round"><rect width="{left + right}" height="20" rx="3"/></clipPath>\n'
        f'<g clip-path="url(#round)"><rect width="{left}" height="20" fill="#444a50"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{colour}"/></g>\n'
        f'<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f"{_text(_SUBJECT, 0, left)}{_text(text, left, right)}</g>\n"
        "</svg>\n"
    )


def _text_and_colour(views: Sequence[CellView]) -> tuple[str, str]:
    broken = sum(view.result.verdict.blames_frontend for view in views)
    silent = sum(
        view.result.state is not CellState.DONE or view.result.verdict.says_nothing
        for view in views
    )
    if broken:
        return f"{broken}/{len(views)} regressed", _COLOURS["bad"]
    if silent or not views:
        return f"{silent}/{len(views)} without result", _COLOURS["odd"]
    warned = any(view.result.verdict.deserves_detail for view in views)
    return f"{len(views)} compatible", _COLOURS["warn" if warned else "good"]


def _width(text: str) -> int:
    return round(len(text) * _GLYPH) + 2 * _PADDING


def _text(text: str, x: int, width: int) -> str:
    length = width - 2 * _PADDING
    return f'<text x="{x + _PADDING}" y="14" textLength="{length}">{escape(text)}</text>'
