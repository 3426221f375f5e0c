"""The static page: one folder that any browser reads, from a disk or from a server.

The grid needs no script, what lies behind it does; nothing is fetched from anywhere else.
"""

from harness.reports.page.folder import Page

__all__ = ["Page"]
