"""``cnn-explorer fetch``: a picture from the web into a file.

The window starts ``fetch URL -o FILE --json`` as a process of its own and reads its lines: one JSON
object a line, ``{"event": "progress", "done", "total"}`` with bytes (`total` may be null), at last
``{"event": "done", "name", "path"}``. What goes wrong is one line on standard error, as everywhere;
SIGTERM and SIGINT stop it. The file is written whole or not at all.

Imports neither Qt nor torch, numpy or Pillow: the window waits for it.
"""

import argparse
import time
from pathlib import Path

from cnn_explorer.cli_parts import Told, print_json_line, printable, stoppable
from cnn_explorer.errors import Cancelled

_EVERY = 0.1
"""Seconds between two lines of progress."""


def describe(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments to the command's parser."""
    parser.add_argument("url", metavar="URL", help="an http or https address of a picture")
    parser.add_argument(
        "-o", "--output", metavar="FILE", required=True, type=Path, help="where to save the picture"
    )
    parser.add_argument(
        "--allow-private", action="store_true",
        help="let addresses of this computer and its own network through",
    )  # fmt: skip
    parser.add_argument(
        "--json", action="store_true", help="tell progress and end in lines of JSON"
    )


def run(options: argparse.Namespace) -> int:
    """Fetches, saves and gives the exit code."""
    from cnn_explorer.media.fetch import fetch_picture
    from cnn_explorer.media.save import write_bytes

    with stoppable(Told().progress) as checkpoint:
        try:
            fetched = fetch_picture(
                options.url,
                allow_private=options.allow_private,
                checkpoint=checkpoint,
                progress=_Lines().tell if options.json else None,
            )
        except Cancelled:
            return 130
    write_bytes(options.output, fetched.data)
    if options.json:
        print_json_line(event="done", name=fetched.name, path=str(options.output))
    else:
        print(f"{printable(options.output)}: {printable(fetched.name)}")
    return 0


class _Lines:
    """Tells another program how far it is, on standard output."""

    def __init__(self) -> None:
        self._next = 0.0

    def tell(self, done: int, total: int | None) -> None:
        now = time.monotonic()
        if now >= self._next or done == total:
            self._next = now + _EVERY
            print_json_line(event="progress", done=done, total=total)
