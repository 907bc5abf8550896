"""Where things lie: the program's own resources and the user's folders.

Works in a source tree (an editable install), an installed wheel and a frozen program. platformdirs
is imported where it is wanted: the first paint needs a font's path only.
"""

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_APP = "cnn-explorer"


def resource(*parts: str) -> Path:
    """The path of a file or folder in ``resources/``; it need not exist."""
    inside = _PACKAGE / "resources"  # a wheel and a frozen program carry it inside the package
    root = inside if inside.is_dir() else _PACKAGE.parent / "resources"
    return root.joinpath(*parts)


def log_folder() -> Path:
    """Where the log with the tracebacks goes."""
    import platformdirs

    return platformdirs.user_log_path(_APP, appauthor=False)


def answers_folder() -> Path:
    """Where networks' answers to folders of pictures are kept: in the user's cache."""
    import platformdirs

    return platformdirs.user_cache_path(_APP, appauthor=False) / "answers"


def torch_hub_checkpoints() -> Path:
    """Torch's own cache of downloaded weights, shared with other programs, found without torch.

    The rules are those of ``torch.hub.get_dir``: ``$TORCH_HOME/hub``, else
    ``$XDG_CACHE_HOME/torch/hub``, else ``~/.cache/torch/hub``.
    """
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("TORCH_HOME") or os.path.join(cache, "torch")
    # not Path.expanduser, which raises for a user without a home
    return Path(os.path.expanduser(home)) / "hub" / "checkpoints"
