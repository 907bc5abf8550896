"""A row of sample pictures to try a network with."""

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QImage, QImageReader, QPixmap, QShowEvent
from PySide6.QtWidgets import QWidget

from cnn_explorer.gui.widgets.thumbnail_row import GAP, ThumbnailDelegate, ThumbnailRow
from cnn_explorer.media.samples import Sample, samples

THUMBNAIL = 46
"""Side of a thumbnail, pixels."""
_DENSITY = 2
"""Thumbnails are decoded for a 2x screen, so that moving the window to one costs nothing."""

Index = QModelIndex | QPersistentModelIndex


def _thumbnail(path: Path) -> QImage:
    """The middle square of a picture, small; null where it cannot be read.

    By Qt: these are files of our own, and the row is seen before anyone has imported Pillow, which
    reads those of others.
    """
    reader = QImageReader(str(path))
    reader.setAutoTransform(True)
    side = THUMBNAIL * _DENSITY
    size = reader.size()
    if not size.isEmpty():
        # a JPEG decoded small is decoded fast
        reader.setScaledSize(size.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatioByExpanding))
    image = reader.read()
    if image.isNull():
        return image
    short = min(image.width(), image.height())
    left, top = (image.width() - short) // 2, (image.height() - short) // 2
    return image.copy(left, top, short, short)


class _SamplesModel(QAbstractListModel):
    """The samples in the order shown, with the thumbnails made so far."""

    def __init__(self, shown: Sequence[Sample], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._given = tuple(shown)
        self._shown = self._given
        self._thumbnails: dict[str, QPixmap] = {}

    def sample(self, row: int) -> Sample:
        return self._shown[row]

    def sort_for(self, kind: str | None) -> None:
        """Those of a kind first; else the order is kept."""
        order = tuple(sorted(self._given, key=lambda sample: kind not in (None, sample.kind)))
        if order != self._shown:
            self.beginResetModel()
            self._shown = order
            self.endResetModel()

    def load_next(self) -> bool:
        """Make one more thumbnail, in the order shown; False when none is left to make."""
        for row, sample in enumerate(self._shown):
            if sample.name not in self._thumbnails:
                self._thumbnails[sample.name] = QPixmap.fromImage(_thumbnail(sample.path))
                index = self.index(row, 0)
                self.dataChanged.emit(index, index, [Qt.ItemDataRole.DecorationRole])
                return True
        return False

    # Overrides of Qt

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        sample = self._shown[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                return sample.title
            case Qt.ItemDataRole.ToolTipRole:
                return html.escape(sample.title)
            case Qt.ItemDataRole.DecorationRole:
                return self._thumbnails.get(sample.name)
        return None


class SamplesRow(QWidget):
    """Thumbnails of the samples; a click, or Enter on one, chooses it."""

    sample_chosen = Signal(object)
    """The `Path` of the chosen picture."""

    def __init__(
        self, parent: QWidget | None = None, *, shown: Sequence[Sample] | None = None
    ) -> None:
        super().__init__(parent)
        self._model = _SamplesModel(samples() if shown is None else shown, self)
        self._view = ThumbnailRow(THUMBNAIL, self)
        self._view.setModel(self._model)
        self._view.setItemDelegate(ThumbnailDelegate(THUMBNAIL, self._view))
        self._view.setAccessibleName(self.tr("Sample pictures"))
        self._view.setAccessibleDescription(
            self.tr("Arrow keys move along the row, Enter shows the picture to the network.")
        )
        self._view.chosen.connect(self._on_chosen)
        self._model.modelReset.connect(self._on_reordered)
        self.setFocusProxy(self._view)
        self.setFixedHeight(THUMBNAIL + 4)
        self._loader = QTimer(self)
        self._loader.setInterval(0)
        self._loader.timeout.connect(self._load_one)

    def set_kind(self, kind: str | None) -> None:
        """Put the samples of a kind, ``photo`` or ``digit``, first."""
        self._model.sort_for(kind)

    def count(self) -> int:
        """How many samples there are."""
        return self._model.rowCount()

    def _on_chosen(self, index: QModelIndex) -> None:
        self.sample_chosen.emit(self._model.sample(index.row()).path)

    def _on_reordered(self) -> None:
        if self._view.hasFocus():
            self._view.setCurrentIndex(self._model.index(0, 0))
        self._view.scrollToTop()
        self._view.horizontalScrollBar().setValue(0)

    def _load_one(self) -> None:
        """One picture a turn of the event loop: the window answers in between."""
        if not self._model.load_next():
            self._loader.stop()

    # Overrides of Qt

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._loader.start()

    def hideEvent(self, event: Any) -> None:
        self._loader.stop()
        super().hideEvent(event)

    def resizeEvent(self, event: Any) -> None:
        # the view's items carry a gap on both sides: the row is flush with its panel
        self._view.setGeometry(-2, 0, self.width() + 4, self.height())
        super().resizeEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(5 * (THUMBNAIL + GAP), THUMBNAIL + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(2 * (THUMBNAIL + GAP), THUMBNAIL + 4)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._view.viewport().update()
        super().changeEvent(event)
