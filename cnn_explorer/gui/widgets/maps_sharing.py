"""How maps leave the window: copied, saved, dragged out, and the menu that offers it."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QMimeData, QObject, Qt, QTemporaryDir, QUrl
from PySide6.QtGui import QDrag, QGuiApplication, QImage, QPixmap
from PySide6.QtWidgets import QFileDialog, QMenu

from cnn_explorer.errors import ExplorerError
from cnn_explorer.gui.state.shown import MapsFile
from cnn_explorer.gui.widgets import theme

if TYPE_CHECKING:
    from cnn_explorer.gui.widgets.maps_view import MapsView

_DRAGGED = 96
"""The longer side of the picture under the pointer, pixels."""


class MapsSharing(QObject):
    """Copies, saves and drags what a `MapsView` shows."""

    def __init__(self, view: "MapsView") -> None:
        super().__init__(view)
        self._view = view
        self._drag_folder: QTemporaryDir | None = None
        self.file_name = "maps"
        """What is proposed for files, without ending."""
        self.title = "maps"
        """What stands above a figure."""
        self.of = "channel"
        """What a map is called there."""

    def copy(self) -> None:
        """Put the selected map, or with none selected all of them, on the clipboard."""
        view = self._view
        if view.count and view.selected >= 0:
            QGuiApplication.clipboard().setImage(view.map_image(view.selected))
        elif view.count:
            self._copy_all()

    def _copy_all(self) -> None:
        QGuiApplication.clipboard().setImage(self._view.mosaic_image())

    def menu(self) -> QMenu:
        """What can be done with the selected map and with all. The caller deletes it."""
        view, ask = self._view, self._ask_and_save
        menu = QMenu(view)
        selected = view.selected if view.selected >= 0 else None
        if selected is not None:
            if view.enlarged >= 0:
                menu.addAction(self.tr("Show all maps"), lambda: view.enlarge(-1))
            else:
                menu.addAction(self.tr("Show this map alone"), lambda: view.enlarge(view.selected))
            menu.addSeparator()
            menu.addAction(self.tr("Copy this map"), self.copy)
        menu.addAction(self.tr("Copy all maps as one picture"), self._copy_all)
        menu.addSeparator()
        if selected is not None:
            menu.addAction(self.tr("Save this map as a picture…"), lambda: ask(".png", selected))
            menu.addAction(self.tr("Save the values of this map…"), lambda: ask(".npy", selected))
        menu.addAction(self.tr("Save all maps as one picture…"), lambda: ask(".png", None))
        menu.addAction(self.tr("Save the values of all maps…"), lambda: ask(".npy", None))
        menu.addSeparator()
        menu.addAction(self.tr("Larger"), lambda: view.zoom(1))
        menu.addAction(self.tr("Smaller"), lambda: view.zoom(-1))
        menu.addAction(self.tr("Fit the size to the panel"), lambda: view.set_tile_size(None))
        return menu

    def file(self, path: Path, channel: int | None) -> MapsFile:
        """What is to be written of a map, or with None of all of them."""
        view = self._view
        if path.suffix.lower() == ".npy":
            values, order = view.values if channel is None else view.values_of(channel), None
        else:
            values, order = view.values, view.order if channel is None else np.array([channel])
        return MapsFile(
            path, values, order, view.shading, view.colour_map, self.title,
            view.columns if channel is None else 1, theme.is_dark(view.palette()), view.names,
            self.of,
        )  # fmt: skip

    def proposed_name(self, channel: int | None) -> str:
        """The name, without ending, that is proposed for a file of a map, or with None of all."""
        if channel is None:
            return self.file_name
        return f"{self.file_name}-{self._view.number_of(channel)}"

    def _ask_and_save(self, suffix: str, channel: int | None) -> None:
        pictures = self.tr("PNG picture (*.png)") + ";;" + self.tr("SVG drawing (*.svg)")
        if suffix == ".png":
            title, wanted = self.tr("Save as a picture"), pictures
        else:
            title, wanted = self.tr("Save the values"), self.tr("NumPy (*.npy)")
        proposed = self.proposed_name(channel) + suffix
        chosen, kind = QFileDialog.getSaveFileName(self._view, title, proposed, wanted)
        if chosen:
            endings = (".png", ".svg") if suffix == ".png" else (suffix,)
            asked = ".svg" if "*.svg" in kind else suffix
            path = Path(chosen)
            path = path if path.suffix.lower() in endings else Path(chosen + asked)
            self._view.save(path, channel)

    def drag_data(self) -> QMimeData:
        """What a drag of the selected map carries: its picture, and a PNG file of it, which lasts
        as long as the view."""
        from cnn_explorer.media.save import save_png

        selected = self._view.selected
        image = self._view.map_image(selected)
        data = QMimeData()
        data.setImageData(image)
        if self._drag_folder is None:
            self._drag_folder = QTemporaryDir()
        if self._drag_folder.isValid():
            path = Path(self._drag_folder.filePath(f"{self.proposed_name(selected)}.png"))
            with suppress(ExplorerError):  # a full disk: the picture alone is carried
                save_png(path, _rgb(image))
                data.setUrls([QUrl.fromLocalFile(str(path))])
        return data

    def drag_out(self) -> None:
        """Drag the selected map until it is let go."""
        if self._view.selected < 0:
            return
        drag = QDrag(self._view)
        drag.setMimeData(self.drag_data())
        shown = QPixmap.fromImage(self._view.map_image(self._view.selected))
        drag.setPixmap(shown.scaled(_DRAGGED, _DRAGGED, Qt.AspectRatioMode.KeepAspectRatio))
        drag.exec(Qt.DropAction.CopyAction)


def _rgb(image: QImage) -> npt.NDArray[np.uint8]:
    """(height, width, 3)."""
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()
