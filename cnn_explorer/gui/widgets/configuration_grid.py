"""Networks side by side, stage by stage, in the manner of the papers' configuration tables."""

import math
from collections.abc import Iterable, Sequence

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QFontMetricsF,
    QGuiApplication,
    QImage,
    QPainter,
    QPalette,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from cnn_explorer.graph.stages import ConfigurationTable
from cnn_explorer.gui.state.configuration_model import CELL, Cell, ConfigurationModel
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.panel_parts import copy_action
from cnn_explorer.gui.widgets.paper_header import PAD, PaperCorner, PaperHeader, draw_rule
from cnn_explorer.gui.widgets.quiet_scroll_bar import quiet_bars
from cnn_explorer.text import tabbed

_NARROWEST = 132
"""Of a column, logical pixels."""
_APART = 5
"""Between lines of several parts, pixels."""
_SUMS = 2
"""So many rows at the end are sums: a stronger rule stands above them."""
_BREAKS = (" + ", " | ")
_SHARP = 2
"""Device pixels for each pixel of a saved picture."""


def broken(line: str, most: int) -> tuple[str, ...]:
    """A line of a cell as several of at most so many characters, as far as it has places to break:
    between branches, else between the layers of one."""
    if len(line) <= most:
        return (line,)
    for sign in _BREAKS:
        parts = line.split(sign)
        if len(parts) > 1:
            lines, current = [], parts[0]
            for part in parts[1:]:
                joined = f"{current}{sign}{part}"
                if len(joined) <= most:
                    current = joined
                else:
                    lines.append(current + sign.rstrip())
                    current = part
            whole = (*lines, current)
            return tuple(short for long in whole for short in broken(long, most))
    head, _, tail = line.rpartition(", ")
    return (f"{head},", tail) if head and len(head) < most else (line,)


def shares(needs: Sequence[int], room: int, least: int) -> list[int]:
    """Widths of columns in the room there is: each has what it needs where all do, the rest is
    divided; else those that need little have it, and the others share what is left, but none has
    less than `least`."""
    if not needs:
        return []
    spare = room - sum(needs)
    if spare >= 0:
        return [need + spare // len(needs) for need in needs]
    widths: dict[int, int] = {}
    left = room
    for number in sorted(range(len(needs)), key=lambda n: needs[n]):
        fair = max(least, left // (len(needs) - len(widths)))
        widths[number] = min(max(needs[number], least), fair)
        left -= widths[number]
    return [widths[number] for number in range(len(needs))]


def rescued(used: Sequence[int], needs: Sequence[int], room: int) -> list[int]:
    """Widths of columns where some do with less than they need: those that lack the least get it
    from what room is left, and the rest is divided."""
    widths = list(used)
    spare = room - sum(used)
    for number in sorted(range(len(needs)), key=lambda n: needs[n] - used[n]):
        lacking = needs[number] - used[number]
        if 0 < lacking <= spare:
            widths[number] += lacking
            spare -= lacking
    return [width + max(0, spare) // len(widths) for width in widths]


class ConfigurationGrid(QTableView):
    """A read-only grid. Ctrl+C copies the cells that are selected, or all as text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.configuration = ConfigurationModel(self)
        self.setModel(self.configuration)
        self.setItemDelegate(_CellDelegate(self))
        above, beside = PaperHeader(Qt.Orientation.Horizontal, self), _Stages(self)
        above.setFont(theme.text_font(theme.FONT_SIZE, QFont.Weight.DemiBold))
        beside.setFont(theme.text_font(theme.SMALL, QFont.Weight.Medium))
        for header in (above, beside):
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setHorizontalHeader(above)
        self.setVerticalHeader(beside)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        PaperCorner(self)
        self.setFont(theme.mono_font(12))
        self.setAccessibleName(self.tr("Layers side by side"))
        quiet_bars(self)
        copy_action(self, self.tr("Copy"), self.copy)

    def show_table(self, table: ConfigurationTable) -> None:
        """Show networks side by side."""
        self.configuration.set_table(table)
        self._arrange()

    def is_ruled(self, row: int) -> bool:
        """Whether the line below a row is strong: above the sums, and at the end."""
        last = self.configuration.rowCount() - 1
        return row in (last - _SUMS, last)

    def copy(self) -> None:
        """Put on the clipboard the cells that are selected, or the whole table as text."""
        chosen = self.selectionModel().selectedIndexes()
        if len(chosen) < 2:
            text = self.configuration.table.text()
            if chosen and (cell := chosen[0].data(CELL)) is not None and cell.text:
                text = cell.text
        else:
            rows = sorted({index.row() for index in chosen})
            columns = sorted({index.column() for index in chosen})
            cells = [
                ["; ".join(self.configuration.cell(row, c).text.splitlines()) for c in columns]
                for row in rows
            ]
            text = tabbed(cells)
        QGuiApplication.clipboard().setText(text)

    def image(self) -> QImage:
        """The whole table, scrolled or not, at twice the resolution."""
        rows, columns = self.verticalHeader(), self.horizontalHeader()
        assert isinstance(rows, PaperHeader)
        assert isinstance(columns, PaperHeader)
        left, top = rows.width(), columns.height()
        size = QSize(left + columns.length() + PAD, top + rows.length() + PAD)
        image = QImage(size * _SHARP, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(_SHARP)
        image.fill(self.palette().color(QPalette.ColorRole.Base))
        painter = QPainter(image)
        draw_rule(painter, self, QRect(0, 0, left, top), strong=True)
        for column in range(self.configuration.columnCount()):
            x = left + columns.sectionPosition(column)
            columns.paint_section(painter, QRect(x, 0, columns.sectionSize(column), top), column)
        option = QStyleOptionViewItem()
        option.initFrom(self)
        option.font, option.state = self.font(), QStyle.StateFlag.State_Enabled
        for row in range(self.configuration.rowCount()):
            y, height = top + rows.sectionPosition(row), rows.sectionSize(row)
            rows.paint_section(painter, QRect(0, y, left, height), row)
            for column in range(self.configuration.columnCount()):
                x = left + columns.sectionPosition(column)
                option.rect = QRect(x, y, columns.sectionSize(column), height)
                index = self.configuration.index(row, column)
                self.itemDelegate().paint(painter, option, index)
        painter.end()
        return image

    def _arrange(self) -> None:
        """Give columns and rows their room."""
        titles = QFontMetrics(self.horizontalHeader().font())
        model, room = self.configuration, self.viewport().width()
        lines: list[list[str]] = []
        least: list[int] = []
        for column, title in enumerate(model.table.columns):
            cells = (model.cell(row, column) for row in range(model.rowCount()))
            lines.append([line for cell in cells for line in cell.lines])
            least.append(max(_NARROWEST, titles.horizontalAdvance(title) + 2 * PAD))
        needs = [max(self._needed(texts), few) for texts, few in zip(lines, least, strict=True)]
        widths = shares(needs, room, _NARROWEST)
        # lines that are broken anyway seldom fill what they are given
        used = [
            min(width, max(few, self._needed(
                part for text in texts for part in broken(text, self.letters(width))
            )))
            for width, few, texts in zip(widths, least, lines, strict=True)
        ]  # fmt: skip
        for column, width in enumerate(rescued(used, needs, room)):
            self.setColumnWidth(column, width)
        self.resizeRowsToContents()

    def _needed(self, texts: Iterable[str]) -> int:
        """The width of a column of such lines."""
        metrics = QFontMetricsF(self.font())
        widest = max((metrics.horizontalAdvance(text) for text in texts), default=0.0)
        return math.ceil(widest) + 2 * PAD + 1

    def letters(self, width: int) -> int:
        """How many letters have room in a column."""
        # letters are no whole pixels wide
        letter = QFontMetricsF(self.font()).horizontalAdvance("0")
        return max(8, int((width - 2 * PAD) / max(letter, 1.0)))

    # Qt

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.viewport().update()


class _CellDelegate(QStyledItemDelegate):
    """A size in quiet type, then the lines of a network, centred as papers do."""

    def __init__(self, grid: ConfigurationGrid) -> None:
        super().__init__(grid)
        self._grid = grid

    def _lines(self, cell: Cell, width: int) -> list[tuple[int, str]]:
        """The lines with their places below the first, and behind them the height of all: lines
        of several parts stand a little apart, so that it is seen which belong together."""
        parts = [broken(line, self._grid.letters(width)) for line in cell.lines]
        apart = _APART if any(len(part) > 1 for part in parts) else 0
        placed: list[tuple[int, str]] = []
        y = 0
        for part in parts:
            for line in part:
                placed.append((y, line))
                y += _line_height(self._grid.font())
            y += apart
        return [*placed, (max(0, y - apart), "")]

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        del option
        cell: Cell = index.data(CELL)
        width = self._grid.columnWidth(index.column())
        height = self._lines(cell, width)[-1][0]
        height += _line_height(_small()) if cell.size else 0
        return QSize(width, height + 2 * PAD - 2)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        cell: Cell = index.data(CELL)
        box, palette = option.rect, self._grid.palette()
        painter.save()
        painter.setClipRect(box)
        if option.state & QStyle.StateFlag.State_Selected:
            ground = QColor(palette.color(QPalette.ColorRole.Highlight))
            ground.setAlpha(48)
            painter.fillRect(box, ground)
        *lines, (height, _) = self._lines(cell, box.width())
        step, small = _line_height(self._grid.font()), _line_height(_small())
        height += small if cell.size else 0
        y = box.top() + max(PAD - 1, (box.height() - height) // 2)
        centre = Qt.AlignmentFlag.AlignCenter
        if cell.size:
            painter.setFont(_small())
            painter.setPen(theme.quiet_colour(self._grid))
            painter.drawText(QRect(box.left(), y, box.width(), small), centre, cell.size)
            y += small
        painter.setFont(self._grid.font())
        painter.setPen(palette.color(QPalette.ColorRole.Text))
        metrics = QFontMetrics(self._grid.font())
        for below, line in lines:
            inner = QRect(box.left() + PAD, y + below, box.width() - 2 * PAD, step)
            # what has no place to break is cut at its end rather than at both
            fits = metrics.horizontalAdvance(line) <= inner.width()
            painter.drawText(inner, centre if fits else Qt.AlignmentFlag.AlignVCenter, line)
        draw_rule(painter, self._grid, box, strong=self._grid.is_ruled(index.row()))
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(QColor(theme.ground(self._grid).selection), 1))
            painter.drawRect(box.adjusted(1, 1, -2, -2))
        painter.restore()


class _Stages(PaperHeader):
    """The stages at the left, with the rules of their rows."""

    def __init__(self, grid: ConfigurationGrid) -> None:
        super().__init__(Qt.Orientation.Vertical, grid)
        self._grid = grid
        self.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

    def draw_rule(self, painter: QPainter, rect: QRect, section: int) -> None:
        draw_rule(painter, self, rect, strong=self._grid.is_ruled(section))

    # Qt

    def sizeHint(self) -> QSize:
        model = self._grid.configuration
        labels = [row.label for row in model.table.rows]
        metrics = self.fontMetrics()
        return QSize(max(map(metrics.horizontalAdvance, labels), default=60) + 2 * PAD, 0)


def _small() -> QFont:
    return theme.mono_font(10.5)


def _line_height(font: QFont) -> int:
    return QFontMetrics(font).height() + 1
