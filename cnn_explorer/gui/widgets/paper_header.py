"""The head of a table as papers have it: bare words on the table's own ground, a rule below."""

from PySide6.QtCore import QEvent, QObject, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QAbstractButton, QHeaderView, QTableView, QWidget

from cnn_explorer.gui.widgets import theme

PAD = theme.GAP
"""Left and right of what stands in a cell."""
_ARROW = 3.5
"""Half the width of the arrow that tells how rows are sorted."""


class PaperHeader(QHeaderView):
    """Names of columns, or of rows at the left."""

    def __init__(self, orientation: Qt.Orientation, parent: QTableView, *, pad: int = PAD) -> None:
        super().__init__(orientation, parent)
        self._pad = pad
        self.setHighlightSections(False)
        self.setMinimumSectionSize(24)
        # behind the last section too
        self.viewport().setBackgroundRole(QPalette.ColorRole.Base)
        self.setBackgroundRole(QPalette.ColorRole.Base)

    def paint_section(self, painter: QPainter, rect: QRect, section: int) -> None:
        """Draw a name, wherever: a picture of the whole table is painted with this too."""
        model, role = self.model(), Qt.ItemDataRole
        text = str(model.headerData(section, self.orientation()) or "")
        side = model.headerData(section, self.orientation(), role.TextAlignmentRole)
        if side is None:
            side = self.defaultAlignment()
        painter.save()
        painter.fillRect(rect, self.palette().color(QPalette.ColorRole.Base))
        painter.setFont(self.font())
        painter.setPen(self.palette().color(QPalette.ColorRole.Text))
        inner = rect.adjusted(self._pad, 0, -self._pad, 0)
        shown = QFontMetrics(self.font()).elidedText(
            text, Qt.TextElideMode.ElideRight, inner.width()
        )
        painter.drawText(inner, side, shown)
        if self.isSortIndicatorShown() and self.sortIndicatorSection() == section:
            self._draw_arrow(painter, rect)
        self.draw_rule(painter, rect, section)
        painter.restore()

    def draw_rule(self, painter: QPainter, rect: QRect, section: int) -> None:
        """The line below a name."""
        del section
        draw_rule(painter, self, rect, strong=True)

    def _draw_arrow(self, painter: QPainter, rect: QRect) -> None:
        """Above the name, where there is always room."""
        up = self.sortIndicatorOrder() == Qt.SortOrder.AscendingOrder
        x, y = rect.center().x() + 0.5, rect.top() + 2.5
        tip, foot = (y, y + _ARROW) if up else (y + _ARROW, y)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.quiet_colour(self))
        corners = [QPointF(x, tip), QPointF(x - _ARROW, foot), QPointF(x + _ARROW, foot)]
        painter.drawPolygon(QPolygonF(corners))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    # Qt

    def sizeHint(self) -> QSize:
        height = QFontMetrics(self.font()).height() + 2 * PAD
        return QSize(super().sizeHint().width(), height)

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        self.paint_section(painter, rect, section)
        if self.hasFocus() and self.currentIndex().column() == section:
            painter.setPen(QPen(QColor(theme.ground(self).selection), 1))
            painter.drawRect(rect.adjusted(1, 1, -2, -2))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.viewport().update()


class PaperCorner(QObject):
    """The corner between both heads of a table has their look; it would paint itself as a
    button."""

    def __init__(self, table: QTableView) -> None:
        super().__init__(table)
        self._table = table
        table.setCornerButtonEnabled(False)
        corner = table.findChild(QAbstractButton)
        assert corner is not None
        self._corner = corner
        corner.installEventFilter(self)

    # Qt

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._corner and event.type() == QEvent.Type.Paint:
            painter = QPainter(self._corner)
            # its own palette is that of a button
            ground = self._table.palette().color(QPalette.ColorRole.Base)
            painter.fillRect(self._corner.rect(), ground)
            draw_rule(painter, self._table, self._corner.rect(), strong=True)
            painter.end()
            return True
        return super().eventFilter(watched, event)


def heading_font() -> QFont:
    """Of the names of columns."""
    return theme.text_font(theme.SMALL, QFont.Weight.DemiBold)


def draw_rule(painter: QPainter, widget: QWidget, box: QRect, *, strong: bool) -> None:
    """A line along the lower side of a box."""
    role = QPalette.ColorRole.Text if strong else QPalette.ColorRole.Mid
    colour = QColor(widget.palette().color(role))
    colour.setAlpha(170 if strong else 255)
    # no line: at two device pixels for one it would end before the next box begins
    painter.fillRect(box.left(), box.bottom(), box.width(), 1, colour)
