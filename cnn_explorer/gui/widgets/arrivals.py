"""What is done with pictures and files that come to the window: dropped, pasted, chosen."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from cnn_explorer.gui.state.explorer import Explorer
from cnn_explorer.gui.state.series import PictureSeries
from cnn_explorer.gui.widgets.comparing import Comparing
from cnn_explorer.gui.widgets.drop import Offered
from cnn_explorer.media.signatures import looks_like_video
from cnn_explorer.networks.onnx_facts import is_onnx_path
from cnn_explorer.networks.weights import SUFFIXES

if TYPE_CHECKING:
    from cnn_explorer.gui.widgets.main_window import MainWindow


class Arrivals(QObject):
    """Takes what comes to where it belongs."""

    def __init__(
        self, window: "MainWindow", explorer: Explorer, series: PictureSeries, comparing: Comparing
    ) -> None:
        super().__init__(window)
        self._window = window
        self._explorer = explorer
        self._series = series
        self._comparing = comparing

    def take(self, offer: Offered, title: str, nothing: str) -> bool:
        """Take what a drag or the clipboard brings; whether there was something. `title` is what a
        picture without a name is called, `nothing` what is said where there is none."""
        if offer.paths:
            self.open_paths(offer.paths)
        elif offer.image is not None:
            self._explorer.open_image(offer.image, title)
        elif offer.address:
            self._window.open_address(offer.address)
        else:
            self._window.say(nothing)
            return False
        return True

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Open files and folders: one by what it is, several as a series of pictures."""
        networks = [path for path in paths if _is_network(path)]
        if len(paths) == 1:
            self.open_path(paths[0])
        elif len(networks) == len(paths):
            self.open_path(networks[0])
            self._window.say(
                self.tr("{} networks were given; this is the first of them.").format(len(paths))
            )
        else:
            self._series.open(paths)

    def open_path(self, path: Path) -> None:
        """Open a picture, a folder, a video, weights or a network: told apart by what it is, by the
        file's ending, and then by what is in it."""
        if path.is_dir():
            if not self._comparing.take_folder(path):
                self._series.open([path])
        elif is_onnx_path(path):
            self._explorer.open_onnx(path)
        elif path.suffix.lower() in SUFFIXES:
            self._explorer.open_weights(path)
        elif _is_video(path):
            self._window.open_video(path)
        else:
            self._explorer.open_file(path)


def _is_network(path: Path) -> bool:
    return is_onnx_path(path) or path.suffix.lower() in SUFFIXES


def _is_video(path: Path) -> bool:
    try:
        return path.is_file() and looks_like_video(path)  # a pipe would be waited for
    except (OSError, ValueError):
        return False
