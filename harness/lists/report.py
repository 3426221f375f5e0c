"""What came of a check of patches and skip lists, for people."""

from __future__ import annotations

import click

from harness.lists.check import Checked
from harness.reports.text import plural, visible


def render(checked: Checked, *, color: bool = False) -> str:
    """Return what was checked as text, whose last line ends with a newline."""
    commits = plural(checked.commits, "commit")
    lines = [
        *(
            f"{it.patch}: {it.commits} of {commits}, with {plural(it.contents, 'content')}"
            for it in checked.patches
        ),
        f"{plural(checked.entries, 'entry')} with {plural(checked.names, 'name')} of tests",
    ]
    for it in checked.wrong:
        lines += [visible(f"{it.where}: {it.what}"), visible(f"  hint: {it.hint}")]
    says = "all of it holds"
    if checked.wrong:
        says = f"{plural(len(checked.wrong), 'thing')} to mend"
    lines.append(click.style(says, fg="red" if checked.wrong else "green", bold=True))
    text = "\n".join(lines) + "\n"
    return text if color else click.unstyle(text)
