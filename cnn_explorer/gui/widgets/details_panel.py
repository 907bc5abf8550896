"""The facts of the selected layer, block or network, as tidy two-column lists."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, pairwise

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import (
    QAction,
    QColor,
    QContextMenuEvent,
    QFont,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.graph.connections import ConnectionTable, Group, groups_of, table_of
from cnn_explorer.graph.hierarchy import ancestors
from cnn_explorer.graph.metrics import TIMES, format_count, format_macs, format_shape
from cnn_explorer.graph.model import BlockNode, LayerGraph, LayerNode
from cnn_explorer.graph.numbers import Numbers, format_number
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.connection_view import ConnectionView
from cnn_explorer.gui.widgets.panel_parts import EmptyState
from cnn_explorer.gui.widgets.quiet_scroll_bar import quiet_bars

_COLUMN = 300
"""Logical pixels that a group of facts wants; so many groups stand side by side as fit."""


@dataclass(frozen=True)
class Fact:
    """One row: what, and how much; `share` (0 to 1) draws a bar beside it."""

    name: str
    value: str
    share: float | None = None


@dataclass(frozen=True)
class FactGroup:
    """Rows under one heading."""

    title: str
    facts: tuple[Fact, ...]
    table: ConnectionTable | None = None
    """Stands below the facts."""

    @property
    def rows(self) -> int:
        """How high it is, in rows of text about."""
        return len(self.facts) + 2 + (0 if self.table is None else self.table.inputs + 1)


_FEW_GROUPS = 4
"""So many groups of a convolution are told one by one."""


def _in_columns(heights: Sequence[int], across: int) -> list[int]:
    """How many groups each column holds, in order, so that the tallest column is lowest."""
    if not heights:
        return []

    def tallest(cuts: tuple[int, ...]) -> int:
        ends = (0, *cuts, len(heights))
        return max(sum(heights[start:stop]) for start, stop in pairwise(ends))

    # a handful of groups: every way to cut the row of them is soon tried
    best = min(combinations(range(1, len(heights)), across - 1), key=tallest)
    ends = (0, *best, len(heights))
    return [stop - start for start, stop in pairwise(ends)]


class ShareBar(QWidget):
    """A part of the whole as a bar."""

    def __init__(self, share: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._share = max(0.0, min(1.0, share))
        self.setFixedSize(64, 6)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - drawn whole
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.ground(self).box_border))
        box = QRectF(self.rect())
        painter.drawRoundedRect(box, 3, 3)
        if self._share > 0:
            painter.setBrush(theme.kind_colour("conv", theme.is_dark(self.palette())))
            # something that is there stays visible
            box.setWidth(max(3.0, box.width() * self._share))
            painter.drawRoundedRect(box, 3, 3)


class _ValueLabel(QLabel):
    """Selectable text that lets the panel copy everything where nothing is selected."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        # a label that wraps asks for the height of two lines as soon as it is narrow
        self.setWordWrap(len(text) > 28)
        self.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        # the panel is one stop for the Tab key, not one for each of twenty values
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy) and not self.hasSelectedText():
            event.ignore()
        else:
            super().keyPressEvent(event)


class _GroupView(QWidget):
    """A heading and its rows."""

    def __init__(self, group: FactGroup) -> None:
        super().__init__()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme.MARGIN)
        grid.setVerticalSpacing(theme.GAP // 2)
        heading = QLabel(group.title)
        heading.setFont(theme.text_font(theme.FONT_SIZE, QFont.Weight.DemiBold))
        grid.addWidget(heading, 0, 0, 1, 3)
        top = Qt.AlignmentFlag.AlignTop
        for row, fact in enumerate(group.facts, start=1):
            name = QLabel(fact.name)
            name.setForegroundRole(QPalette.ColorRole.PlaceholderText)
            name.setMinimumWidth(116)
            value = _ValueLabel(fact.value)
            value.setAccessibleName(fact.name)
            grid.addWidget(name, row, 0, top)
            grid.addWidget(value, row, 1, 1, 1 if fact.share is not None else 2, top)
            if fact.share is not None:
                bar = ShareBar(fact.share)
                bar.setToolTip(f"{fact.name}: {fact.value}")
                grid.addWidget(bar, row, 2, Qt.AlignmentFlag.AlignVCenter)
        rows = len(group.facts) + 1
        if group.table is not None:
            grid.addWidget(ConnectionView(group.table), rows, 0, 1, 3)
            rows += 1
        grid.setColumnStretch(1, 1)
        grid.setRowStretch(rows, 1)


class DetailsPanel(QWidget):
    """Lists the settings, shapes and costs of what is selected."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = ""
        self._groups: tuple[FactGroup, ...] = ()
        self._views: list[_GroupView] = []
        self._across = 0
        self._graph: LayerGraph | None = None
        self._numbers: Numbers | None = None
        self._heading = QLabel()
        self._heading.setTextFormat(Qt.TextFormat.PlainText)
        self._heading.setFont(theme.text_font(theme.HEADING, QFont.Weight.DemiBold))
        self._heading.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._content = QWidget()
        self._content.setBackgroundRole(QPalette.ColorRole.Base)
        self._box = box = QVBoxLayout(self._content)
        box.setContentsMargins(*[theme.MARGIN] * 4)
        box.setSpacing(theme.GAP)
        box.addWidget(self._heading)
        self._flow = QHBoxLayout()
        self._flow.setSpacing(3 * theme.MARGIN)
        self._columns: list[QVBoxLayout] = []
        box.addLayout(self._flow)
        box.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        quiet_bars(self._scroll)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(self._content)
        self._scroll.viewport().setBackgroundRole(QPalette.ColorRole.Base)
        self._scroll.setAccessibleName(self.tr("Details of the layer"))
        self.empty = EmptyState(self.tr("Click a layer in the graph to see its details."))
        self._pages = QStackedWidget()
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self._scroll)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._pages)
        self.setFocusProxy(self._scroll)

    def show_layer(self, graph: LayerGraph, name: str) -> None:
        """Show a layer or a block by its name; the whole network for an empty one."""
        if layer := graph.layer.get(name):
            groups = self._layer_groups(graph, layer)
        elif block := graph.block.get(name):
            groups = self._block_groups(graph, block)
        elif name:
            self.clear()
            return
        else:
            groups = self._network_groups(graph)
        self._show(name or graph.network, groups)

    def clear(self) -> None:
        """Show nothing but what to do."""
        self._show("", ())

    def groups(self) -> tuple[FactGroup, ...]:
        """What is listed."""
        return self._groups

    def text(self) -> str:
        """All that is listed, as lines of name, tab, value."""
        lines = [self._title]
        for group in self._groups:
            lines += ["", group.title]
            lines += [f"{fact.name}\t{fact.value}" for fact in group.facts]
            lines += group.table.rows() if group.table is not None else ()
        return "\n".join(lines)

    def copy(self) -> None:
        """Put all that is listed on the clipboard."""
        if self._groups:
            QGuiApplication.clipboard().setText(self.text())

    def _show(self, title: str, groups: tuple[FactGroup, ...]) -> None:
        self._title, self._groups = title, groups
        self._heading.setText(title)
        for view in self._views:
            view.setParent(None)
            view.deleteLater()
        self._views = [_GroupView(group) for group in groups]
        self._across = 0
        self._arrange()
        self._scroll.verticalScrollBar().setValue(0)
        self._pages.setCurrentWidget(self._scroll if groups else self.empty)

    def _arrange(self) -> None:
        """As many groups side by side as there is room for."""
        across = max(1, min(len(self._views), self.width() // _COLUMN))
        if across == self._across:
            return
        self._across = across
        while len(self._columns) < across:
            column = QVBoxLayout()
            column.setSpacing(2 * theme.GAP)
            self._columns.append(column)
            self._flow.addLayout(column)
        for column in self._columns:
            while column.count():
                column.takeAt(0)
        views = iter(self._views)
        counts = _in_columns([group.rows for group in self._groups], across)
        for number, column in enumerate(self._columns):
            count = counts[number] if number < len(counts) else 0
            for view in islice(views, count):
                column.addWidget(view)
            if count:
                column.addStretch(1)
            self._flow.setStretch(number, 1 if count else 0)
        # a line of facts that is very wide is hard to follow
        self._box.setContentsMargins(
            theme.MARGIN,
            theme.MARGIN,
            max(theme.MARGIN, self.width() - across * 400),
            theme.MARGIN,
        )

    # facts

    def _layer_groups(self, graph: LayerGraph, layer: LayerNode) -> tuple[FactGroup, ...]:
        names = [node.name for node in graph.layers]
        settings = [Fact(self.tr("type"), layer.type_name or layer.kind)]
        settings += [Fact(name, value) for name, value in layer.attributes]
        inputs = [
            Fact(
                self.tr("in") if len(layer.in_shapes) == 1 else self.tr("in {n}").format(n=n),
                format_shape(shape),
            )
            for n, shape in enumerate(layer.in_shapes, start=1)
        ]
        place = [
            Fact(
                self.tr("position"),
                self.tr("{place} of {count}").format(
                    place=names.index(layer.name) + 1, count=len(names)
                ),
            ),
            Fact(self.tr("in block"), layer.parent or self.tr("none, the top level")),
            *self._neighbours(graph, layer.name),
            *self._training_only(layer.training_only),
        ]
        return (
            # first, where there are any: few layers have them
            *self._connections(layer),
            FactGroup(self.tr("Layer"), tuple(settings)),
            FactGroup(
                self.tr("Tensors"),
                (
                    *inputs,
                    Fact(self.tr("out"), format_shape(layer.out_shape)),
                    *self._memory(graph, layer),
                ),
            ),
            *self._sees(graph, layer),
            self._costs(graph, layer),
            FactGroup(self.tr("Place"), tuple(place)),
        )

    def _block_groups(self, graph: LayerGraph, block: BlockNode) -> tuple[FactGroup, ...]:
        inside = [node for node in graph.layers if block.name in ancestors(graph, node.name)]
        names = [node.name for node in graph.layers]
        place = []
        if inside:
            first, last = names.index(inside[0].name) + 1, names.index(inside[-1].name) + 1
            place.append(
                Fact(
                    self.tr("positions"),
                    self.tr("{first} to {last} of {count}").format(
                        first=first, last=last, count=len(names)
                    ),
                )
            )
        place.append(Fact(self.tr("in block"), block.parent or self.tr("none, the top level")))
        place += self._training_only(block.training_only)
        return (
            FactGroup(
                self.tr("Block"),
                (
                    Fact(
                        self.tr("type"),
                        f"{block.repeats}{TIMES}{block.type_name}"
                        if block.group and block.repeats
                        else block.type_name,
                    ),
                    Fact(self.tr("layers"), str(len(inside))),
                    Fact(self.tr("out"), format_shape(block.out_shape)),
                    *self._memory(graph, block),
                ),
            ),
            *self._sees(graph, block),
            self._costs(graph, block),
            FactGroup(self.tr("Place"), tuple(place)),
        )

    def _network_groups(self, graph: LayerGraph) -> tuple[FactGroup, ...]:
        kinds = ("conv", "linear", "norm", "pool", "activation")
        # what a prediction passes through, as in the graph's title
        layers = [node for node in graph.layers if not node.training_only]
        counts = {kind: sum(node.kind == kind for node in layers) for kind in kinds}
        titles = {
            "conv": self.tr("convolutions"),
            "linear": self.tr("fully connected"),
            "norm": self.tr("normalisations"),
            "pool": self.tr("poolings"),
            "activation": self.tr("activations"),
        }
        operations = [node for node in layers if node.kind not in ("input", "output")]
        shapes = [
            Fact(title, format_shape(node.out_shape))
            for kind, title in (("input", self.tr("input")), ("output", self.tr("output")))
            for node in graph.layers
            if node.kind == kind
        ]
        cost = [Fact(self.tr("parameters"), _exactly(graph.parameters, format_count))]
        if not graph.note:  # of modules alone nobody knows what they cost
            cost.append(Fact(self.tr("multiply-adds"), _exactly(graph.macs, format_macs)))
        return (
            FactGroup(
                self.tr("Layers"),
                (
                    Fact(self.tr("layers"), str(len(operations))),
                    Fact(self.tr("blocks"), str(len(graph.blocks))),
                    *(Fact(titles[kind], str(count)) for kind, count in counts.items() if count),
                ),
            ),
            FactGroup(self.tr("Tensors"), tuple(shapes)),
            FactGroup(self.tr("Cost"), tuple(cost)),
        )

    def _costs(self, graph: LayerGraph, node: LayerNode | BlockNode) -> FactGroup:
        facts = [Fact(self.tr("parameters"), _exactly(node.parameters, format_count))]
        # parts for training alone are no part of the total, so they have no share of it
        if not node.training_only:
            facts.append(self._share(node.parameters, graph.parameters))
        if not graph.note:
            facts.append(Fact(self.tr("multiply-adds"), _exactly(node.macs, format_macs)))
            if not node.training_only:
                facts.append(self._share(node.macs, graph.macs))
        return FactGroup(self.tr("Cost"), tuple(facts))

    def _numbers_of(self, graph: LayerGraph) -> Numbers:
        """Worked out once for a network: all its layers are looked at."""
        if self._numbers is None or self._graph is not graph:
            self._graph, self._numbers = graph, Numbers(graph)
        return self._numbers

    def _memory(self, graph: LayerGraph, node: LayerNode | BlockNode) -> list[Fact]:
        size = self._numbers_of(graph).value(node.name, "memory")
        if not size:
            return []
        title = self.tr("all outputs") if isinstance(node, BlockNode) else self.tr("memory")
        return [Fact(title, format_number(size, "memory"))]

    def _sees(self, graph: LayerGraph, node: LayerNode | BlockNode) -> list[FactGroup]:
        """How much of the picture one value of the output sees."""
        if isinstance(node, LayerNode) and node.kind == "input":
            return []
        field = self._numbers_of(graph).receptive_field(node.name)
        size = self.tr("size")
        if field is None:
            facts = [Fact(size, self.tr("not known"))]
        elif field.whole:
            facts = [Fact(size, self.tr("whole picture"))]
        else:
            height, width = field.height, field.width
            facts = [Fact(size, self._pixels(height.size, width.size))]
            picture = graph.layer["input"].out_shape[1:] if "input" in graph.layer else ()
            if picture and (height.size > picture[0] or width.size > picture[1]):
                facts.append(Fact(self.tr("the picture"), self._pixels(*picture)))
            if height.stride is not None and width.stride is not None:
                strides = _along(height.stride, width.stride)
                facts.append(Fact(self.tr("stride"), self.tr("{n} pixels").format(n=strides)))
                offsets = _along(height.offset, width.offset).replace("-", "−")
                text = self.tr("pixel {n}").format(n=offsets)
                facts.append(Fact(self.tr("first begins at"), text))
        return [FactGroup(self.tr("Receptive field"), tuple(facts))]

    def _pixels(self, height: int, width: int) -> str:
        return self.tr("{size} pixels").format(size=f"{height}{TIMES}{width}")

    def _connections(self, layer: LayerNode) -> list[FactGroup]:
        """Which maps of the input the maps of the output see, where that is not all."""
        title = self.tr("Connections")
        table = table_of(layer)
        if table is not None:
            axes = (
                Fact(self.tr("rows"), self.tr("maps of the input")),
                Fact(self.tr("columns"), self.tr("maps of the output")),
            )
            return [FactGroup(title, axes, table)]
        groups = groups_of(layer)
        if not groups:
            return []
        if len(groups) <= _FEW_GROUPS:
            return [
                FactGroup(
                    title,
                    tuple(
                        Fact(self.tr("group {n}").format(n=number), self._maps(group))
                        for number, group in enumerate(groups, start=1)
                    ),
                )
            ]
        inputs, outputs = (end[1] - end[0] + 1 for end in (groups[0].inputs, groups[0].outputs))
        each = (
            Fact(self.tr("each map"), self.tr("sees one map, its own"))
            if inputs == outputs == 1
            else Fact(self.tr("each group"), f"{inputs} → {outputs}")
        )
        first = Fact(self.tr("group 1"), self._maps(groups[0]))
        last = Fact(self.tr("group {n}").format(n=len(groups)), self._maps(groups[-1]))
        return [FactGroup(title, (each, first, last) if inputs > 1 or outputs > 1 else (each,))]

    def _maps(self, group: Group) -> str:
        return self.tr("maps {inputs} → maps {outputs}").format(
            inputs=_range(group.inputs), outputs=_range(group.outputs)
        )

    def _share(self, part: int, total: int) -> Fact:
        share = part / total if total else 0.0
        return Fact(
            self.tr("share of total"),
            self.tr("{per_cent} %").format(per_cent=_per_cent(share)),
            share,
        )

    def _neighbours(self, graph: LayerGraph, name: str) -> list[Fact]:
        before = [edge.source for edge in graph.edges if edge.target == name]
        after = [edge.target for edge in graph.edges if edge.source == name]
        facts = []
        if before:
            facts.append(Fact(self.tr("takes from"), ", ".join(before)))
        if after:
            facts.append(Fact(self.tr("gives to"), ", ".join(after)))
        return facts

    def _training_only(self, training_only: bool) -> list[Fact]:
        if not training_only:
            return []
        return [Fact(self.tr("used"), self.tr("in training only"))]

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(900, 260)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._across = 0
        self._arrange()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if not self._groups:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        focused = self.focusWidget()
        if isinstance(focused, QLabel) and focused.hasSelectedText():
            chosen = focused.selectedText()
            some = QAction(self.tr("Copy selected text"), menu)
            some.triggered.connect(lambda: QGuiApplication.clipboard().setText(chosen))
            menu.addAction(some)
        menu.addAction(self.tr("Copy all details"), self.copy)
        menu.popup(event.globalPos())


def _along(height: int, width: int) -> str:
    """One number where both are the same."""
    return str(height) if height == width else f"{height}{TIMES}{width}"


def _range(ends: tuple[int, int]) -> str:
    """``48–95``, or a number alone."""
    first, last = ends
    return f"{first}–{last}" if last > first else str(first)


def _exactly(count: int, short: Callable[[int], str]) -> str:
    """``9,408``, or with a short form where that helps: ``25,557,032 (25.6 M)``."""
    return f"{count:,} ({short(count)})" if count >= 100_000 else f"{count:,}"


def _per_cent(share: float) -> str:
    """Two digits that mean something: ``0.037``, ``4.2``, ``73``; ``0`` and ``100`` are exact."""
    value = 100 * share
    if value in (0, 100):
        return f"{value:.0f}"
    if value < 0.001:
        return "< 0.001"
    if value > 99:
        return f"{min(value, 99.99):.2f}"
    return f"{value:.2g}" if value < 10 else f"{value:.1f}"
