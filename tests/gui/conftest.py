"""What most tests of the graph view begin with."""

import pytest
from pytestqt.qtbot import QtBot

from cnn_explorer.graph.model import LayerGraph
from cnn_explorer.gui.widgets.graph_view import GraphView
from tests.gui.graphs import Obliging, residual_graph, shown, view_on


@pytest.fixture
def graph() -> LayerGraph:
    return residual_graph()


@pytest.fixture
def view(qtbot: QtBot, themed: object, graph: LayerGraph) -> GraphView:
    """A view on the graph with its stage open and the blocks inside closed."""
    assert themed is not None
    return view_on(qtbot, shown(graph, "stage"))


@pytest.fixture
def does(view: GraphView, graph: LayerGraph) -> Obliging:
    return Obliging(view, graph)
