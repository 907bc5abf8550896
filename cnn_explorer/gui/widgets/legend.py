"""What the colours and signs of the graph mean: a small card that folds away."""

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from cnn_explorer.graph.model import LayerGraph
from cnn_explorer.graph.style import KIND_STYLES, SHORTCUT_LINES, TRAINING_LINE, LineStyle
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.graph_look import draw_glyph, pen

_TILE = 16.0
_GLYPH = 10.0
_ROW = 21
_HEAD = 26
_TRAINING = "training only"
_LINES: dict[str, LineStyle] = {_TRAINING: TRAINING_LINE} | {
    str(kind): line for kind, line in SHORTCUT_LINES.items()
}
"""Kinds of lines that need explaining."""


class Legend(QWidget):
    """Lists the kinds of layers in a network, each with its colour and sign.

    A click on its title, or Enter or Space while it has the keyboard, folds and unfolds it.
    """

    folded = Signal(bool)
    """Whether only its title shows now."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kinds: tuple[str, ...] = ()
        self._is_folded = False
        self._chosen: bool | None = None
        self._hovered = False
        self.setFont(theme.text_font(theme.SMALL))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self._tell()

    # what is shown

    def show_graph(self, graph: LayerGraph) -> None:
        """List the kinds of `graph`."""
        present = {node.kind for node in graph.layers}
        if graph.blocks:
            present.add("block")
        kinds = [kind for kind in KIND_STYLES if kind in present]
        kinds += [kind for kind in SHORTCUT_LINES if any(e.shortcut == kind for e in graph.edges)]
        if any(node.training_only for node in graph.layers):
            kinds.append(_TRAINING)
        self._kinds = tuple(kinds)
        self._tell()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds listed, in order: of layers, then of lines that need explaining, which are
        those of shortcuts and ``training only``."""
        return self._kinds

    @property
    def is_folded(self) -> bool:
        """Whether only the title shows."""
        return self._is_folded

    def set_folded(self, is_folded: bool) -> None:
        """Show only the title, or all."""
        if is_folded != self._is_folded:
            self._is_folded = is_folded
            self._tell()
            self.folded.emit(is_folded)

    @property
    def chosen(self) -> bool | None:
        """Whether a person folded it or unfolded it; None where neither."""
        return self._chosen

    def choose(self, is_folded: bool | None) -> None:
        """Stay folded or unfolded from now on; None: as there is room."""
        self._chosen = is_folded
        if is_folded is not None:
            self.set_folded(is_folded)

    def fold_unless(self, has_room: bool) -> None:
        """Fold by itself where there is no room for it, unfold where there is, unless a person
        chose."""
        if self._chosen is None:
            self.set_folded(not has_room)

    @property
    def whole_size(self) -> QSize:
        """Its size unfolded."""
        return self._size(is_folded=False)

    def _toggle(self) -> None:
        self.choose(not self._is_folded)

    def _title(self, kind: str) -> str:
        return _LINES[kind].title if kind in _LINES else KIND_STYLES[kind].title

    def _tell(self) -> None:
        titles = ", ".join(self._title(kind) for kind in self._kinds)
        self.setAccessibleName(self.tr("Legend: {}").format(titles))
        self.setToolTip(
            self.tr("Show what the colours mean")
            if self._is_folded
            else self.tr("Click the title to fold the legend away")
        )
        self.updateGeometry()
        self.resize(self.sizeHint())
        self.update()

    def _size(self, *, is_folded: bool) -> QSize:
        metrics = self.fontMetrics()
        head = metrics.horizontalAdvance(self.tr("Legend")) + 34
        if is_folded:
            return QSize(head, _HEAD)
        widest = max((metrics.horizontalAdvance(self._title(kind)) for kind in self._kinds),
                     default=0)  # fmt: skip
        width = round(max(10 + _TILE + 8 + widest + 12, head))
        return QSize(width, _HEAD + _ROW * len(self._kinds) + 6)

    # Qt

    def sizeHint(self) -> QSize:
        return self._size(is_folded=self._is_folded)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.HoverEnter, QEvent.Type.HoverLeave):
            self._hovered = event.type() == QEvent.Type.HoverEnter
            self.update()
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and event.position().y() <= _HEAD:
            self._toggle()
        event.accept()  # the graph below must not take it

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._toggle()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - drawn whole
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        style = theme.ground(self)
        dark = theme.is_dark(self.palette())
        border = style.selection if self.hasFocus() else style.box_border
        painter.setPen(pen(QColor(border), 1.5 if self.hasFocus() else 1.0))
        painter.setBrush(QColor(style.box))
        painter.drawRoundedRect(
            QRectF(self.rect()).adjusted(0.75, 0.75, -0.75, -0.75), theme.RADIUS, theme.RADIUS
        )
        quiet = QColor(style.text_quiet)
        ink = QColor(style.text) if self._hovered else quiet
        painter.setPen(ink)
        font = theme.text_font(theme.SMALL)
        font.setWeight(font.Weight.DemiBold)
        painter.setFont(font)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(10, 0, self.width() - 20, _HEAD), left, self.tr("Legend"))
        # a chevron in the direction in which the card, standing on its foot, will grow
        x, y = self.width() - 15.0, _HEAD / 2
        tip = -2.0 if self._is_folded else 2.0
        painter.setPen(pen(ink, 1.5))
        painter.drawPolyline(
            [QPointF(x - 3.5, y - tip), QPointF(x, y + tip), QPointF(x + 3.5, y - tip)]
        )
        if self._is_folded:
            return
        painter.setFont(self.font())
        for row, kind in enumerate(self._kinds):
            top = _HEAD + row * _ROW + (_ROW - _TILE) / 2 - 2
            if kind in _LINES:
                line = _LINES[kind]
                painter.setPen(pen(QColor(style.edge), line.width, dash=line.dash))
                middle = top + _TILE / 2
                painter.drawLine(QPointF(8.5, middle), QPointF(11.5 + _TILE, middle))
            else:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.kind_colour(kind, dark))
                painter.drawRoundedRect(QRectF(10, top, _TILE, _TILE), 4, 4)
                inset = (_TILE - _GLYPH) / 2
                draw_glyph(painter, kind, 10 + inset, top + inset, _GLYPH, QColor(style.box))
            painter.setPen(quiet)
            place = QRectF(10 + _TILE + 8, top - 2, self.width(), _TILE + 4)
            painter.drawText(place, left, self._title(kind))
