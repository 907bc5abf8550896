"""``python -m cnn_explorer``: the same program as the ``cnn-explorer`` command."""

import sys

from cnn_explorer.cli import main

if __name__ == "__main__":
    sys.exit(main())
