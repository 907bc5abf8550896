"""The pictures on which networks disagree; thumbnails are made as rows come in sight."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Slot,
)
from PySide6.QtGui import QImage

from cnn_explorer.gui.state.file_thumbnails import FileThumbnails
from cnn_explorer.probe.folder_results import Disagreement, FolderResults
from cnn_explorer.text import format_share, printable

AnyIndex = QModelIndex | QPersistentModelIndex

THUMBNAIL = 40
"""Side of a thumbnail, logical pixels."""
_DENSITY = 2
"""They are made for a screen of twice the usual sharpness."""
_WAITING = 40
"""About as many as are in sight: what was scrolled past is not made."""


class DisagreementTable(QAbstractTableModel):
    """Columns: the picture, its sub-folder where there are any, what each network takes it for."""

    def __init__(self, thumbnails: FileThumbnails, parent: Any = None) -> None:
        super().__init__(parent)
        self._results: FolderResults | None = None
        self._rows: tuple[Disagreement, ...] = ()
        self._labelled = False
        self._row_of: dict[Path, int] = {}
        self._thumbnails = thumbnails
        self._waiting: list[Path] = []
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.timeout.connect(self._tell_wanted)
        thumbnails.made.connect(self._on_made)

    def show_results(self, results: FolderResults | None) -> None:
        """Show where the networks disagree, where they do most first."""
        self.beginResetModel()
        self._results = results
        self._rows = () if results is None else results.disagreements()
        pictures = () if results is None else results.pictures
        self._labelled = any(picture.label is not None for picture in pictures)
        self._row_of = {self.path(row): row for row in range(len(self._rows))}
        self._waiting.clear()
        self._thumbnails.forget()
        self.endResetModel()

    def path(self, row: int) -> Path:
        """The file of a row's picture."""
        assert self._results is not None
        return self._results.pictures[self._rows[row].picture].path

    @property
    def networks(self) -> int:
        """How many there are, a column each."""
        return 0 if self._results is None else len(self._results.networks)

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
        path = self.path(row)
        made = self._thumbnails.of(path)
        if made is not None:
            return _in_cell(made)
        if path not in self._waiting and not self._thumbnails.trouble(path):
            self._waiting.append(path)
            del self._waiting[:-_WAITING]
            self._turn.start(0)
        return None

    @Slot()
    def _tell_wanted(self) -> None:
        """What came in sight last is wanted first."""
        self._thumbnails.want(self._waiting[::-1])

    @Slot(object)
    def _on_made(self, path: Path) -> None:
        row = self._row_of.get(path)
        if path in self._waiting:
            self._waiting.remove(path)
        if row is not None:
            index = self.index(row, 0)
            self.dataChanged.emit(index, index, [Qt.ItemDataRole.DecorationRole])

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


def _in_cell(image: QImage) -> QImage:
    """A thumbnail as large as all are. Small pictures are enlarged without smoothing: their pixels
    are what the network sees."""
    side = THUMBNAIL * _DENSITY
    mode = Qt.TransformationMode
    how = mode.FastTransformation if image.width() < side else mode.SmoothTransformation
    image = image.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio, how)
    image.setDevicePixelRatio(_DENSITY)
    return image
