"""Keeps the pages that servers make in the folder CONFORMANCE_PAGES, for `browser/reports.mjs` to look at."""

import os
from pathlib import Path


def keep_page(name, html):
    """Nothing is kept where no folder is named."""
    folder = os.environ.get("CONFORMANCE_PAGES")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / f"{name}.html").write_text(html)
