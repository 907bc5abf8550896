"""The strip below the picture: thumbnails of a series of pictures, to be walked and played."""

import html
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, Qt, Signal, Slot
from PySide6.QtGui import (
    QAction,
    QActionGroup,
    QColor,
    QKeyEvent,
    QPainter,
    QPen,
    QPixmap,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.gui.state.file_thumbnails import MOST_KEPT, FileThumbnails
from cnn_explorer.gui.state.series import SECONDS, PictureSeries, SeriesShown
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.panel_parts import IconButton
from cnn_explorer.gui.widgets.thumbnail_row import GAP, Index, ThumbnailDelegate, ThumbnailRow
from cnn_explorer.text import printable

THUMBNAIL = 56
"""Side of a thumbnail, pixels."""
_AHEAD = 4
"""So many thumbnails beside those in sight are made as well."""

_TroubleRole = Qt.ItemDataRole.UserRole
"""Whether the file cannot be read."""


class _SeriesModel(QAbstractListModel):
    """The pictures of the series, with the thumbnails made so far."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thumbnails: FileThumbnails | None = None
        self._row_of: dict[Path, int] = {}
        self.shown = SeriesShown()

    def set_thumbnails(self, thumbnails: FileThumbnails) -> None:
        """Take thumbnails from here."""
        self._thumbnails = thumbnails
        thumbnails.made.connect(self._on_made)

    def show_series(self, shown: SeriesShown) -> None:
        before, self.shown = self.shown, shown
        if shown.paths == before.paths:
            places = (before.place, shown.place)
            first, last = (self.index(row, 0) for row in (min(places), max(places)))
            self.dataChanged.emit(first, last)
            return
        gone = len(before.paths) == len(shown.paths) + 1
        row = next(
            (at for at, path in enumerate(shown.paths) if path != before.paths[at]),
            len(shown.paths),
        ) if gone else 0  # fmt: skip
        if gone and before.paths[:row] + before.paths[row + 1 :] == shown.paths:
            # one was taken out: the others stay where they are
            self.shown = before
            self.beginRemoveRows(QModelIndex(), row, row)
            self.shown = shown
            self._row_of = {path: at for at, path in enumerate(shown.paths)}
            self.endRemoveRows()
        else:
            self.beginResetModel()
            self._row_of = {path: at for at, path in enumerate(shown.paths)}
            self.endResetModel()

    def trouble(self, path: Path) -> str:
        """Why a file cannot be read, a sentence; empty where nobody knows of that."""
        of_thumbnail = "" if self._thumbnails is None else self._thumbnails.trouble(path)
        return self.shown.failed.get(path, "") or of_thumbnail

    @Slot(object)
    def _on_made(self, path: Path) -> None:
        row = self._row_of.get(path)
        if row is not None:
            self.dataChanged.emit(self.index(row, 0), self.index(row, 0))

    # Overrides of Qt

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.shown.paths)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.shown.paths):
            return None
        path = self.shown.paths[index.row()]
        name = printable(path.name)
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                return name
            case Qt.ItemDataRole.ToolTipRole:
                trouble = self.trouble(path)
                return "<br>".join(html.escape(line) for line in (name, trouble) if line)
            case Qt.ItemDataRole.DecorationRole:
                image = None if self._thumbnails is None else self._thumbnails.of(path)
                return None if image is None else QPixmap.fromImage(image)
        if role == _TroubleRole:
            return bool(self.trouble(path))
        return None


class _Delegate(ThumbnailDelegate):
    """A frame around the picture on show, a cross on one that cannot be read."""

    def is_ringed(self, view: QWidget, index: Index) -> bool:
        del view
        model = index.model()
        return (
            isinstance(model, _SeriesModel)
            and model.shown.on_show
            and model.shown.place == index.row()
        )

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        if not index.data(_TroubleRole):
            return
        view: Any = option.widget  # type: ignore[attr-defined]
        middle = option.rect.topLeft()  # type: ignore[attr-defined]
        x, y = middle.x() + 2 + self.side / 2, middle.y() + 2 + self.side / 2
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        ground, sign = theme.ERROR[theme.is_dark(view.palette())]
        painter.setBrush(QColor(ground))
        painter.drawEllipse(int(x - 11), int(y - 11), 22, 22)
        painter.setPen(QPen(QColor(sign), 2))
        painter.drawLine(int(x - 4), int(y - 4), int(x + 4), int(y + 4))
        painter.drawLine(int(x - 4), int(y + 4), int(x + 4), int(y - 4))
        painter.restore()


class _Row(ThumbnailRow):
    """Arrow keys walk, Delete takes a picture out."""

    walked = Signal(int)
    """To a place of the series."""
    removal_asked = Signal()

    def bring_into_sight(self, place: int) -> None:
        """Scroll so far that a picture and some of its neighbours are seen, and no further: what is
        clicked should not run away."""
        step, bar = THUMBNAIL + GAP, self.horizontalScrollBar()
        least = (place + 1) * step + step // 2 - self.viewport().width()
        bar.setValue(min(max(bar.value(), least), place * step - step // 2))

    # Overrides of Qt

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, keys = event.key(), Qt.Key
        here, last = self.currentIndex().row(), self.model().rowCount() - 1
        page = max(1, self.viewport().width() // (THUMBNAIL + GAP) - 1)
        places = {
            keys.Key_Left: here - 1, keys.Key_Up: here - 1,
            keys.Key_Right: here + 1, keys.Key_Down: here + 1,
            keys.Key_PageUp: here - page, keys.Key_PageDown: here + page,
            keys.Key_Home: 0, keys.Key_End: last,
        }  # fmt: skip
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if plain and key in places:
            place = min(last, max(0, places[key]))  # type: ignore[index]
            if place != here:
                self.walked.emit(place)
        elif plain and key in (keys.Key_Delete, keys.Key_Backspace):
            self.removal_asked.emit()
        else:
            super().keyPressEvent(event)


class PictureStrip(QWidget):
    """Thumbnails of a series with what plays it; hidden where there is no series."""

    place_chosen = Signal(int)
    stepped = Signal(int)
    """So many pictures on, or back where negative."""
    removal_asked = Signal(int)
    """The picture at a place is to be taken out of the series."""
    play_asked = Signal(bool)
    seconds_chosen = Signal(int)
    loops_chosen = Signal(bool)
    close_asked = Signal()
    offered = Signal(bool)
    """Whether there is a series to be shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = _SeriesModel(self)
        self._thumbnails: FileThumbnails | None = None
        self._wanted = True
        self.row = _Row(THUMBNAIL, self)
        self.row.setModel(self._model)
        self.row.setItemDelegate(_Delegate(THUMBNAIL, self.row))
        self.row.setFixedHeight(THUMBNAIL + 4)
        self.row.setAccessibleName(self.tr("Pictures of the series"))
        self.row.setAccessibleDescription(
            self.tr("Arrow keys show the pictures one after the other, Delete takes one out.")
        )
        self.previous_button = IconButton(
            "ph.caret-left",
            self.tr("Previous picture"),
            self.tr("Show the picture before (Alt+Page Up)."),
        )
        self.next_button = IconButton(
            "ph.caret-right",
            self.tr("Next picture"),
            self.tr("Show the picture that follows (Alt+Page Down)."),
        )
        self.play_button = IconButton(
            "ph.play",
            self.tr("Slide show"),
            self.tr("Show one picture after the other (F5); the arrow says how long each stands."),
        )
        self.play_button.setCheckable(True)
        self.play_button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.close_button = IconButton(
            "ph.x",
            self.tr("Close the series"),
            self.tr("Close the series; the picture shown and all files stay."),
        )
        self.count = QLabel()
        self.count.setAccessibleName(self.tr("Place in the series"))
        self._fill_menu()
        self.setFocusProxy(self.row)

        head = QHBoxLayout()
        head.setSpacing(theme.GAP // 2)
        for button in (self.previous_button, self.next_button):
            head.addWidget(button)
        head.addWidget(self.count)
        head.addStretch(1)
        head.addWidget(self.play_button)
        head.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.GAP // 2)
        layout.addLayout(head)
        layout.addWidget(self.row)
        QWidget.setTabOrder(self.close_button, self.row)
        self.hide()

        self.row.chosen.connect(self._on_chosen)
        self.row.walked.connect(self.place_chosen)
        self.row.removal_asked.connect(self._on_removal_asked)
        self.row.horizontalScrollBar().valueChanged.connect(self._tell_wanted)
        self.previous_button.clicked.connect(self._on_previous)
        self.next_button.clicked.connect(self._on_next)
        self.play_button.clicked.connect(self.play_asked)
        self.close_button.clicked.connect(self.close_asked)

    def watch(self, series: PictureSeries) -> None:
        """Show a series and let gestures walk it."""
        self._thumbnails = series.thumbnails
        self._model.set_thumbnails(series.thumbnails)
        series.changed.connect(self.show_series)
        self.place_chosen.connect(series.go_to)
        self.stepped.connect(series.step)
        self.removal_asked.connect(series.remove)
        self.play_asked.connect(series.play)
        self.seconds_chosen.connect(series.set_seconds)
        self.loops_chosen.connect(series.set_loops)
        self.close_asked.connect(series.close_series)
        self.show_series(series.shown)

    @Slot(object)
    def show_series(self, shown: SeriesShown) -> None:
        """Show where one is in the series; the strip hides where there is none."""
        was_offered, others = self.is_offered, shown.paths != self._model.shown.paths
        self._model.show_series(shown)
        count = len(shown.paths)
        self.count.setText(
            self.tr("{place:,} of {count:,}").format(place=shown.place + 1, count=count)
            if shown.on_show
            else self.tr("{:,} pictures").format(count)
        )
        self.previous_button.setEnabled(shown.step(-1) is not None)
        self.next_button.setEnabled(shown.step(1) is not None)
        self.play_button.setChecked(shown.playing)
        self.play_button.set_look("ph.pause" if shown.playing else "ph.play", self.tr("Slide show"))
        if shown.seconds in self._seconds:
            self._seconds[shown.seconds].setChecked(True)
        self._loops.setChecked(shown.loops)
        if count and shown.on_show:
            index = self._model.index(shown.place, 0)
            self.row.setCurrentIndex(index)
            self.row.bring_into_sight(shown.place)
        if bool(count) != was_offered:
            self.setVisible(self._wanted and self.is_offered)
            self.offered.emit(self.is_offered)
        if others:
            self._tell_wanted()

    @property
    def is_offered(self) -> bool:
        """Whether there is a series to be shown."""
        return bool(self._model.shown.paths)

    def set_wanted(self, wanted: bool) -> None:
        """Leave the strip out where something else is looked at, though there is a series."""
        self._wanted = wanted
        self.setVisible(wanted and self.is_offered)

    def _fill_menu(self) -> None:
        menu = QMenu(self.play_button)
        menu.setToolTipsVisible(True)
        group = QActionGroup(menu)
        self._seconds: dict[int, QAction] = {}
        for seconds in SECONDS:
            title = self.tr("One Second") if seconds == 1 else self.tr("{} Seconds").format(seconds)
            action = menu.addAction(title)
            action.setToolTip(self.tr("How long each picture of the slide show stands"))
            action.setCheckable(True)
            action.setData(seconds)
            action.triggered.connect(self._on_seconds_triggered)
            group.addAction(action)
            self._seconds[seconds] = action
        menu.addSeparator()
        self._loops = menu.addAction(self.tr("Begin Again at the End"))
        self._loops.setToolTip(self.tr("Whether the last picture is followed by the first"))
        self._loops.setCheckable(True)
        self._loops.triggered.connect(self.loops_chosen)
        self.play_button.setMenu(menu)

    @Slot()
    def _tell_wanted(self) -> None:
        """Have the thumbnails in sight made, and a few beside them."""
        if self._thumbnails is None or self.isHidden():
            return
        paths, step = self._model.shown.paths, THUMBNAIL + GAP
        first = self.row.horizontalScrollBar().value() // step
        in_sight = self.row.viewport().width() // step + 2
        seen = paths[first : first + in_sight]
        beside = paths[first + in_sight :][:_AHEAD] + paths[max(0, first - _AHEAD) : first]
        self._thumbnails.want((seen + beside)[:MOST_KEPT])

    @Slot(object)
    def _on_chosen(self, index: QModelIndex) -> None:
        self.place_chosen.emit(index.row())

    @Slot()
    def _on_removal_asked(self) -> None:
        row = self.row.currentIndex().row()
        if row >= 0:
            self.removal_asked.emit(row)

    @Slot()
    def _on_previous(self) -> None:
        self.stepped.emit(-1)

    @Slot()
    def _on_next(self) -> None:
        self.stepped.emit(1)

    @Slot()
    def _on_seconds_triggered(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.seconds_chosen.emit(int(action.data()))

    # Overrides of Qt

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._tell_wanted()

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        self._tell_wanted()
