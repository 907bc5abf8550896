"""The pictures on which networks disagree; thumbnails are made as rows come in sight."""

from collections import OrderedDict
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    Qt,
    QTimer,
)
from PySide6.QtGui import QImage, QImageReader, QPainter

from cnn_explorer.errors import ExplorerError
from cnn_explorer.gui.state.qimages import to_qimage
from cnn_explorer.media.decode import decode_file
from cnn_explorer.probe.folder_results import Disagreement, FolderResults
from cnn_explorer.text import format_share, printable

AnyIndex = QModelIndex | QPersistentModelIndex

THUMBNAIL = 40
"""Side of a thumbnail, logical pixels."""
_DENSITY = 2
"""They are made for a screen of twice the usual sharpness."""
_KEPT = 400
_WAITING = 40
"""About as many as are in sight: what was scrolled past is not made."""


class DisagreementTable(QAbstractTableModel):
    """Columns: the picture, its sub-folder where there are any, what each network takes it for."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._results: FolderResults | None = None
        self._rows: tuple[Disagreement, ...] = ()
        self._labelled = False
        self._thumbnails: OrderedDict[Path, QImage] = OrderedDict()
        self._waiting: list[int] = []
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.timeout.connect(self._make_one)

    def show_results(self, results: FolderResults | None) -> None:
        """Show where the networks disagree, where they do most first."""
        self.beginResetModel()
        self._results = results
        self._rows = () if results is None else results.disagreements()
        pictures = () if results is None else results.pictures
        self._labelled = any(picture.label is not None for picture in pictures)
        self._waiting.clear()
        self._thumbnails.clear()
        self.endResetModel()

    def path(self, row: int) -> Path:
        """The file of a row's picture."""
        assert self._results is not None
        return self._results.pictures[self._rows[row].picture].path

    @property
    def networks(self) -> int:
        """How many there are, a column each."""
        return 0 if self._results is None else len(self._results.networks)

    @property
    def busy(self) -> bool:
        """Whether thumbnails are on the way."""
        return self._turn.isActive()

    def _network(self, column: int) -> int:
        """The place of the network of a column; negative for those before."""
        return column - (2 if self._labelled else 1)

    def _said(self, row: int, network: int) -> tuple[str, bool | None]:
        """What a network takes a picture for, and whether that is right, where one knows."""
        assert self._results is not None
        place = self._rows[row].picture
        answer = self._results.networks[network].answers[place]
        said = self._results.said(network, place)
        if answer is None or said is None:
            return "–", None
        index, probability = answer.top[0]
        truth = self._results.truth(network)[place]
        name = printable(said.split(",")[0])
        return f"{name}  {format_share(probability)}", None if truth is None else truth == index

    def _text(self, row: int, column: int) -> str:
        assert self._results is not None
        picture = self._results.pictures[self._rows[row].picture]
        network = self._network(column)
        if column == 0:
            return printable(picture.path.name)
        if network < 0:
            return printable(picture.label or "")
        said, right = self._said(row, network)
        return f"✓ {said}" if right else said

    def _tip(self, row: int, column: int) -> str:
        network = self._network(column)
        if network < 0:
            return printable(str(self.path(row)))
        said, right = self._said(row, network)
        if right is None:
            return said
        return (self.tr("Right: {}") if right else self.tr("Wrong: {}")).format(said)

    def _thumbnail(self, row: int) -> QImage | None:
        made = self._thumbnails.get(self.path(row))
        if made is not None:
            self._thumbnails.move_to_end(self.path(row))
            return made
        if row not in self._waiting:
            self._waiting.append(row)
            del self._waiting[:-_WAITING]
            if not self._turn.isActive():
                self._turn.start(0)
        return None

    def _make_one(self) -> None:
        """One at a time, that the window is never held up for long."""
        if not self._waiting:
            return
        row = self._waiting.pop()
        path = self.path(row)
        self._thumbnails[path] = thumbnail_of(path)
        while len(self._thumbnails) > _KEPT:
            self._thumbnails.popitem(last=False)
        index = self.index(row, 0)
        self.dataChanged.emit(index, index, [Qt.ItemDataRole.DecorationRole])
        if self._waiting:
            self._turn.start(0)

    # Qt

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008
        if parent.isValid() or self._results is None:
            return 0
        return len(self._results.networks) + (2 if self._labelled else 1)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = index.row(), index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(row, column)
        if role == Qt.ItemDataRole.DecorationRole and column == 0:
            return self._thumbnail(row)
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if role != Qt.ItemDataRole.DisplayRole or orientation != Qt.Orientation.Horizontal:
            return None
        network = self._network(section)
        if section == 0:
            return self.tr("Picture")
        if network < 0 or self._results is None:
            return self.tr("Sub-folder")
        return printable(self._results.networks[network].title)


def thumbnail_of(path: Path) -> QImage:
    """A picture in small, on a square without colour; that alone for one that cannot be read."""
    side = THUMBNAIL * _DENSITY
    reader = QImageReader(str(path))
    reader.setAutoTransform(True)
    size = reader.size()
    if max(size.width(), size.height()) > side:
        # a JPEG is decoded in small at once, which takes a tenth of the time
        reader.setScaledSize(size.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio))
    image = reader.read()
    if image.isNull():  # a format that Qt does not know
        try:
            image = to_qimage(decode_file(path).rgb)
        except (ExplorerError, MemoryError):
            image = QImage()
    square = QImage(QSize(side, side), QImage.Format.Format_ARGB32_Premultiplied)
    square.fill(Qt.GlobalColor.transparent)
    if not image.isNull():
        # small pictures are enlarged without smoothing: their pixels are what the network sees
        small = max(image.width(), image.height()) < side
        mode = Qt.TransformationMode
        image = image.scaled(
            side, side, Qt.AspectRatioMode.KeepAspectRatio,
            mode.FastTransformation if small else mode.SmoothTransformation,
        )  # fmt: skip
        painter = QPainter(square)
        painter.drawImage((side - image.width()) // 2, (side - image.height()) // 2, image)
        painter.end()
    square.setDevicePixelRatio(_DENSITY)
    return square
