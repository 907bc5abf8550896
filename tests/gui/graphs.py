"""A graph to try the graph view with, a view of it, and gestures on it."""

from itertools import pairwise

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cnn_explorer.graph.hierarchy import visible
from cnn_explorer.graph.layout import lay_out
from cnn_explorer.graph.model import (
    USUAL,
    BlockNode,
    DrawingOptions,
    GraphEdge,
    GraphLayout,
    LayerGraph,
    LayerNode,
)
from cnn_explorer.gui.state.shown import NetworkShown
from cnn_explorer.gui.widgets.graph_view import GraphView
from cnn_explorer.networks.catalog import NETWORKS

LEFT = Qt.MouseButton.LeftButton
MAP = (8, 16, 16)


def layer(name: str, kind: str, *, training_only: bool = False) -> LayerNode:
    parent = name.rpartition(".")[0]
    shapes = () if kind == "input" else (MAP,)
    return LayerNode(
        name, parent, kind, kind.capitalize(), shapes, MAP, 584 if kind == "conv" else 0,
        147_456 if kind == "conv" else 0, (("kernel", "3 × 3"),) if kind == "conv" else (),
        training_only,
    )  # fmt: skip


def residual_graph(blocks: int = 3) -> LayerGraph:
    """A stem, residual blocks in a stage, a head, and a head for training."""
    layers = [layer("input", "input"), layer("stem", "conv")]
    edges = [("input", "stem")]
    before = "stem"
    names = [f"stage.{number}" for number in range(blocks)]
    for block in names:
        parts = [layer(f"{block}.conv1", "conv"), layer(f"{block}.relu", "activation"),
                 layer(f"{block}.conv2", "conv"), layer(f"{block}.add", "add")]  # fmt: skip
        layers += parts
        ways = [before, *(part.name for part in parts)]
        edges += list(pairwise(ways))
        edges.append((before, f"{block}.add"))
        before = f"{block}.add"
    layers += [
        layer("aux.conv", "conv", training_only=True),
        layer("aux.pool", "pool", training_only=True),
        layer("pool", "pool"),
        layer("output", "output"),
    ]
    edges += [(before, "aux.conv"), ("aux.conv", "aux.pool"), (before, "pool")]
    edges.append(("pool", "output"))
    stage = BlockNode("stage", "", "Sequential", tuple(names), 3504, 884_736, MAP)
    inner = [
        BlockNode(
            name, "stage", "Residual",
            tuple(f"{name}.{part}" for part in ("conv1", "relu", "conv2", "add")),
            1168, 294_912, MAP,
        )
        for name in names
    ]  # fmt: skip
    aux = BlockNode("aux", "", "Head", ("aux.conv", "aux.pool"), 584, 147_456, MAP, True)
    return LayerGraph(
        "residual",
        tuple(layers),
        (stage, *inner, aux),
        tuple(GraphEdge(source, target, MAP) for source, target in edges),
    )


def placed(graph: LayerGraph, *expanded: str, options: DrawingOptions = USUAL) -> GraphLayout:
    return lay_out(visible(graph, frozenset(expanded)), options)


def shown(graph: LayerGraph, *expanded: str, options: DrawingOptions = USUAL) -> NetworkShown:
    layout = placed(graph, *expanded, options=options)
    return NetworkShown(NETWORKS["resnet18"], graph, False, "", frozenset(expanded), layout)


class Obliging:
    """Does what the state does: computes the layout that the view asks for."""

    def __init__(self, view: GraphView, graph: LayerGraph) -> None:
        self.asked: list[frozenset[str]] = []
        self.clicked: list[str] = []
        self._view = view
        self._graph = graph
        view.expansion_asked.connect(self.expand)
        view.layer_clicked.connect(self.clicked.append)

    def expand(self, expanded: frozenset[str]) -> None:
        self.asked.append(expanded)
        self._view.show_layout(expanded, placed(self._graph, *expanded))


def view_on(qtbot: QtBot, network: NetworkShown) -> GraphView:
    """A view on the screen that shows a network."""
    view = GraphView()
    qtbot.addWidget(view)
    view.resize(760, 520)
    with qtbot.waitExposed(view):
        view.show()
    view.show_network(network)
    return view


def place_of(view: GraphView, name: str) -> QPoint:
    """Where one points at a box or frame, in the viewport."""
    scene = view.canvas.drawing.grip_of(name).center()
    return view.canvas.viewportTransform().map(scene).toPoint()


def click(qtbot: QtBot, view: GraphView, name: str) -> None:
    qtbot.mouseClick(view.canvas.viewport(), LEFT, pos=place_of(view, name))


def double_click(qtbot: QtBot, view: GraphView, place: QPoint) -> None:
    qtbot.mouseClick(view.canvas.viewport(), LEFT, pos=place)
    qtbot.mouseDClick(view.canvas.viewport(), LEFT, pos=place)


def wheel(view: GraphView, turned: int, at: QPointF, modifier: Qt.KeyboardModifier) -> None:
    port = view.canvas.viewport()
    event = QWheelEvent(
        at, port.mapToGlobal(at), QPoint(), QPoint(0, turned), Qt.MouseButton.NoButton, modifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(port, event)
