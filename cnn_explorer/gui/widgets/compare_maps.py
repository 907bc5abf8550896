"""The columns of a comparison: networks side by side, the layers that match in rows.

Titles stay in sight above, labels of rows at the left; all the rest scrolls together.
"""

from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFont,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QLabel, QMenu, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from cnn_explorer.gui.state.comparison_state import ComparisonState
from cnn_explorer.gui.state.picture_link import Place
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.compare_cell import MapCell
from cnn_explorer.gui.widgets.compare_column import ColumnHead, ColumnTitle, detail_of
from cnn_explorer.gui.widgets.layer_chooser import LayerChooser
from cnn_explorer.gui.widgets.panel_parts import EmptyState
from cnn_explorer.gui.widgets.quiet_scroll_bar import quiet_bars
from cnn_explorer.probe.cells import Cell, Row, cell_pixels, row_of
from cnn_explorer.probe.comparison import Column, ColumnFailed
from cnn_explorer.text import format_value

_LABELS = 76
_NARROWEST, _WIDEST = 132, 420
"""Of a column."""
_GAP = 14
_ZOOMS = (0.5, 3.0)


class RowLabel(QLabel):
    """What stands at the left of a row; it stays there when a person scrolls to the right."""

    menu_asked = Signal(QPoint)

    def __init__(self, text: str, pinned: bool, parent: QWidget) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setFont(theme.text_font(theme.SMALL, QFont.Weight.DemiBold))
        self.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(self.palette().ColorRole.Base)
        self.setContentsMargins(theme.MARGIN, 0, 4, 0)
        self.setIndent(0)
        self.setToolTip(
            self.tr("This row was chosen by hand. Its menu lets it go.")
            if pinned
            else self.tr("Why these layers stand side by side. The menu keeps this row.")
        )

    # Overrides of Qt

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_asked.emit(event.globalPos())


class _Content(QWidget):
    """All that scrolls; its parts are placed by `CompareMaps`."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[int] = []
        """Where rows begin."""
        self.setBackgroundRole(self.palette().ColorRole.Base)
        self.setAutoFillBackground(True)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - drawn whole
        painter = QPainter(self)
        line = QColor(theme.ground(self).box_border)
        line.setAlphaF(0.5)
        for y in self.lines:
            painter.fillRect(QRect(0, y, self.width(), 1), line)


class _Area(QScrollArea):
    """Scrolls the content; the wheel with Ctrl makes columns wider or narrower."""

    zoomed = Signal(int)
    resized = Signal()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoomed.emit(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
        else:
            super().wheelEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()


class CompareMaps(QWidget):
    """Networks in columns, their layers in rows, one map in each cell."""

    place_clicked = Signal(object)
    """A `Place` of the picture was clicked in one of the maps."""
    network_asked = Signal(str)
    """A person wants a network by itself: its name."""

    def __init__(self, state: ComparisonState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._zoom = 1.0
        self._shine = 0.0
        self.titles: list[ColumnTitle] = []
        self.heads: list[ColumnHead] = []
        self.labels: list[RowLabel] = []
        self.cells: list[list[MapCell]] = []
        """Row by row."""
        self._drawn: list[list[object]] = []
        """What each cell was drawn from: most are as they were when one column is new."""
        self._top = QWidget()
        self._top.setBackgroundRole(self.palette().ColorRole.Base)
        self._top.setAutoFillBackground(True)
        self._content = _Content()
        self.area = _Area()
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setWidget(self._content)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        quiet_bars(self.area)
        self.area.viewport().setBackgroundRole(self.palette().ColorRole.Base)
        self._empty = EmptyState()
        self._empty.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._top)
        layout.addWidget(self.area, 1)
        layout.addWidget(self._empty, 1)
        self.area.horizontalScrollBar().valueChanged.connect(self._on_scrolled)
        self.area.resized.connect(self._arrange)
        self.area.zoomed.connect(self._on_zoomed)
        state.networks_changed.connect(self._on_networks_changed)
        state.rows_changed.connect(self._on_rows_changed)
        state.column_changed.connect(self._on_column_changed)
        state.look_changed.connect(self._draw_all)
        state.progress_changed.connect(self._tell_progress)
        state.place_marked.connect(self._on_place_marked)
        self._on_networks_changed()

    # building

    @Slot()
    def _on_networks_changed(self) -> None:
        for part in (*self.titles, *self.heads):
            part.hide()
            part.deleteLater()
        self.titles, self.heads = [], []
        for number, network in enumerate(self._state.networks):
            title = ColumnTitle(network.title, self._top)
            title.remove_asked.connect(lambda number=number: self._state.remove(number))
            title.menu_asked.connect(
                lambda place, number=number: self.title_menu(number).popup(place)
            )
            head = ColumnHead(self._content)
            head.seen.pointed.connect(self._state.point_at)
            head.seen.clicked.connect(self.place_clicked)
            title.show()
            head.show()
            self.titles.append(title)
            self.heads.append(head)
        self._build_rows()
        for number in range(len(self.heads)):
            self._show_head(number)
        self._finish()

    @Slot()
    def _on_rows_changed(self) -> None:
        self._build_rows()
        self._finish()

    def _build_rows(self) -> None:
        old = [*self.labels, *(cell for row in self.cells for cell in row)]
        for part in old:
            part.hide()
            part.deleteLater()
        self.labels, self.cells, self._drawn = [], [], []
        for at, row in enumerate(self._state.rows):
            cells = []
            for number in range(len(row.layers)):
                cell = MapCell(self._content)
                cell.pointed.connect(self._state.point_at)
                cell.clicked.connect(self.place_clicked)
                cell.layer_asked.connect(lambda at=at, number=number: self.choose_layer(at, number))
                cell.menu_asked.connect(
                    lambda place, at=at, number=number: self._menu(at, number).popup(place)
                )
                cell.show()
                cells.append(cell)
            label = RowLabel(row.label, row.pinned, self._content)
            label.menu_asked.connect(lambda place, at=at: self._menu(at, None).popup(place))
            label.show()
            self.labels.append(label)
            self.cells.append(cells)
            self._drawn.append([None] * len(cells))

    def _finish(self) -> None:
        networks, picture = self._state.networks, self._state.picture
        if not networks:
            said = self.tr(
                "Add two networks or more: each gets the picture through its own preprocessing, "
                "and layers that match stand side by side."
            )
        elif picture is None and not self._state.rows:
            said = self.tr("Drop a picture on the window or choose a sample to compare.")
        else:
            said = ""
        self._empty.setText(said)
        self._empty.setVisible(not networks)
        self._top.setVisible(bool(networks))
        self.area.setVisible(bool(networks))
        self._arrange()
        self._draw_all()
        self._tell_progress()

    # placing

    @property
    def column_width(self) -> int:
        """As wide as there is room, within limits."""
        count = max(1, len(self.heads))
        room = self.area.viewport().width() - _LABELS - theme.MARGIN - (count - 1) * _GAP
        fitting = min(max(room // count, _NARROWEST), _WIDEST)
        return max(_NARROWEST // 2, round(fitting * self._zoom))

    @Slot()
    def _arrange(self) -> None:
        width = self.column_width
        count = len(self.heads)
        whole = _LABELS + count * width + max(0, count - 1) * _GAP + theme.MARGIN
        heights = [head.height_for(width) for head in self.heads]
        y = theme.GAP // 2
        tallest = max(heights, default=0)
        for number, head in enumerate(self.heads):
            head.setGeometry(self._left(number, width), y, width, tallest)
        y += tallest
        self._content.lines = []
        for label, cells in zip(self.labels, self.cells, strict=True):
            self._content.lines.append(y)
            y += theme.GAP + 2
            high = cells[0].height_for(width) if cells else 0
            for number, cell in enumerate(cells):
                cell.setGeometry(self._left(number, width), y, width, high)
            label.setGeometry(0, y, _LABELS, high)
            y += high + theme.GAP
        view = self.area.viewport()
        self._content.resize(max(whole, view.width()), max(y, view.height()))
        high = max((title.sizeHint().height() for title in self.titles), default=0)
        self._top.setFixedHeight(high)
        self._on_scrolled()

    def _left(self, number: int, width: int) -> int:
        return _LABELS + number * (width + _GAP)

    @Slot()
    def _on_scrolled(self) -> None:
        shift = self.area.horizontalScrollBar().value()
        width = self.column_width
        for label in self.labels:
            label.move(shift, label.y())
            label.raise_()
        for number, title in enumerate(self.titles):
            left = self._left(number, width) - shift
            title.setGeometry(left, 0, width, self._top.height())

    @Slot(int)
    def _on_zoomed(self, steps: int) -> None:
        low, high = _ZOOMS
        self._zoom = min(max(self._zoom * 1.15**steps, low), high)
        self._arrange()

    # showing

    def let_through(self, shine: float) -> None:
        """Let the picture be seen through all maps: 0 not at all, 1 alone."""
        self._shine = shine
        for row in self.cells:
            for cell in row:
                cell.let_through(shine)

    @Slot(int)
    def _on_column_changed(self, number: int) -> None:
        self._show_head(number)
        self._arrange()
        self._draw_all()

    def _show_head(self, number: int) -> None:
        column = self._state.column(number)
        self.heads[number].show_result(column, live=self._state.picture_is_live)
        known = [self._state.column(at) for at in range(len(self.heads))]
        untrained = any(isinstance(one, Column) and not one.trained for one in known)
        for head in self.heads:  # so that the answers of all stand on the same lines
            head.keep_room_for_badge(untrained)
        if isinstance(column, Column):
            self.titles[number].show_detail(detail_of(column))

    @Slot()
    def _draw_all(self) -> None:
        for at, row in enumerate(self._state.rows):
            shown = [self._state.cell(at, number) for number in range(len(row.layers))]
            self._draw_row(at, row_of(shown, self._state.shading))

    def _draw_row(self, at: int, drawn: Row) -> None:
        state = self._state
        row = state.rows[at]
        ends = (drawn.shading.low, drawn.shading.high)
        said = " … ".join(format_value(end + 0.0, 3) for end in ends) if drawn.one_scale else ""
        self.labels[at].setText("\n".join(filter(None, (row.label, said))))
        ground = QColor(theme.ground(self).frame)
        colour = (ground.red(), ground.green(), ground.blue())
        for number, widget in enumerate(self.cells[at]):
            layer, cell = row.layers[number], state.cell(at, number)
            correlation = state.correlation(at, number)
            key = (
                cell, self._why_empty(at, number) if cell is None else "", state.column(number),
                layer, correlation, drawn.shading, drawn.colours, colour,
            )  # fmt: skip
            if self._drawn[at][number] == key:
                continue
            self._drawn[at][number] = key
            if cell is None:
                widget.show_nothing(self._why_empty(at, number))
                what = ""
            else:
                placement = state.placement(at, number)
                flat = cell.values.ndim == 1
                widget.show_map(cell_pixels(cell, drawn, colour), placement, flat=flat)
                what = _in_words(cell)
                if correlation is not None:
                    what = self.tr("alike {value} · {what}").format(
                        what=what, value=f"{correlation:.2f}"
                    )
            widget.set_words(layer or "", what, state.networks[number].title)
            widget.set_picture(self.heads[number].seen.picture)
            widget.let_through(self._shine)
            widget.mark(state.place)

    def _why_empty(self, at: int, number: int) -> str:
        state = self._state
        column = state.column(number)
        if isinstance(column, ColumnFailed):
            return self.tr("failed")
        if state.rows[at].layers[number] is None:
            return self.tr("no layer here")
        if column is None:
            return "" if state.picture is not None else self.tr("no picture yet")
        if state.show == "channel" and state.is_looked_at(at, number):
            return self.tr("no channel {}").format(state.channel)
        return ""

    @Slot()
    def _tell_progress(self) -> None:
        state = self._state
        for number, title in enumerate(self.titles):
            column = state.column(number)
            fresh = state.is_fresh(number)
            self.heads[number].bars.set_faded(not fresh)
            for row in self.cells:
                row[number].set_faded(not fresh)
            if state.running == number:
                title.show_detail(self.tr("running …"))
            elif isinstance(column, ColumnFailed):
                title.show_detail(self.tr("failed"))
            elif isinstance(column, Column) and fresh:
                title.show_detail(detail_of(column))
            elif state.picture is None:
                title.show_detail(self.tr("no picture yet"))
            else:
                title.show_detail(self.tr("stopped") if state.paused else self.tr("waiting"))

    @Slot(object)
    def _on_place_marked(self, place: Place | None) -> None:
        for head in self.heads:
            head.seen.mark(place)
        for row in self.cells:
            for cell in row:
                cell.mark(place)

    # gestures

    def choose_layer(self, row: int, number: int) -> LayerChooser | None:
        """Ask which layer of a network is to stand in a row; gives the dialog."""
        graph = self._state.graph(number)
        if graph is None:
            return None
        title = self._state.networks[number].title
        current = self._state.rows[row].layers[number]
        chooser = LayerChooser(graph, title, current or "", self)
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chooser.layer_chosen.connect(lambda layer: self._state.pin(row, number, layer))
        chooser.open()
        return chooser

    def title_menu(self, number: int) -> QMenu:
        """The menu of a column."""
        state, network = self._state, self._state.networks[number]
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        alone = menu.addAction(
            self.tr("Show in the Graph"), lambda: self.network_asked.emit(network.name)
        )
        alone.setEnabled(bool(network.name))
        menu.addSeparator()
        left = menu.addAction(self.tr("Move Left"), lambda: state.move(number, number - 1))
        left.setEnabled(number > 0)
        right = menu.addAction(self.tr("Move Right"), lambda: state.move(number, number + 1))
        right.setEnabled(number < len(state.networks) - 1)
        menu.addSeparator()
        menu.addAction(self.tr("Remove"), lambda: state.remove(number))
        return menu

    def _menu(self, row: int, number: int | None) -> QMenu:
        """The menu of a cell, or of a row."""
        state, shown = self._state, self._state.rows[row]
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if number is not None:
            menu.addAction(self.tr("Choose Layer…"), lambda: self.choose_layer(row, number))
            cell = state.cell(row, number)
            match = menu.addAction(
                self.tr("Find This Channel in the Others"),
                lambda: state.match_channel(row, number),
            )
            match.setEnabled(cell is not None and cell.channel is not None)
            menu.addSeparator()
        if shown.pinned:
            menu.addAction(self.tr("Let Go of This Row"), lambda: state.unpin(row))
        else:
            menu.addAction(self.tr("Pin This Row"), lambda: state.pin_row(row))
        return menu

    # Overrides of Qt

    def sizeHint(self) -> QSize:
        return QSize(700, 560)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw_all()


def _in_words(cell: Cell) -> str:
    """What of a layer is shown, then the size of its output: the end is cut in a narrow column."""
    size = " × ".join(map(str, cell.shape))
    if cell.values.ndim == 1:
        return _tr("{} values").format(f"{cell.shape[0]:,}")
    if cell.channel is not None:
        return _tr("channel {channel} · {size}").format(channel=cell.channel, size=size)
    if cell.explained:
        shares = ", ".join(f"{100 * share:.0f}" for share in cell.explained)
        return _tr("{shares} % · {size}").format(shares=shares, size=size)
    return size


def _tr(text: str) -> str:
    return QCoreApplication.translate("compare", text)
