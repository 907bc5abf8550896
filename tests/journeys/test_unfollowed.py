"""A network whose layers cannot be followed, seen through the window."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from pytestqt.qtbot import QtBot
from torch import Tensor, nn

from cnn_explorer.app import Program
from cnn_explorer.gui.state.explorer import Message
from cnn_explorer.gui.state.settings import Settings
from cnn_explorer.gui.widgets.graph_view import tip
from cnn_explorer.gui.widgets.panel_parts import TitleLabel
from cnn_explorer.networks.catalog import NETWORKS
from cnn_explorer.paths import resource
from tests.journeys.conftest import PATIENCE, Stage, close_stage


class Comparing(nn.Module):
    """Compares two pictures: it cannot be run on one."""

    def __init__(self) -> None:
        super().__init__()
        self.temperature = nn.Parameter(torch.ones(3))
        self.body = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU())
        self.head = nn.Linear(4, 10)

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        difference: Tensor = self.head((self.body(one) - self.body(other)).mean((2, 3)))
        return difference


def comparing() -> nn.Module:
    return Comparing()


@pytest.fixture
def odd(qtbot: QtBot, themed: object, tmp_path: Path) -> Iterator[Stage]:
    """The window with such a network open, and what it said on the way."""
    assert themed is not None
    card = replace(
        NETWORKS["lenet5"], name="odd", title="Odd", builder=f"{__name__}:comparing", weights=()
    )
    program = Program(Settings.in_file(tmp_path / "settings.ini"), "odd", networks={"odd": card})
    program.window.resize(1280, 800)
    with qtbot.waitSignal(program.furnished, timeout=PATIENCE):
        program.window.show()
    assert program.explorer is not None
    stage = Stage(program, program.window, program.explorer, qtbot)
    stage.network_open("odd")
    yield stage
    close_stage(stage)


def test_a_network_that_cannot_be_followed_is_walked_as_its_modules(odd: Stage) -> None:
    explorer, panels = odd.explorer, odd.window.panels
    view = panels.graph_view
    said: list[Message] = []
    explorer.message_shown.connect(said.append)

    # its modules, with the reason above them
    assert explorer.network is not None
    layout = explorer.network.layout
    assert layout.boxes.keys() == {"temperature", "body.0", "body.1", "head"}
    assert layout.frames.keys() == {"body"}
    assert not layout.edges
    assert view.note.isVisible()
    assert "Only the modules are shown" in view.note.text()
    assert "other" in view.note.text()  # the argument that is missing
    assert not panels.message_strip.isVisible()  # which would say the same

    # nobody knows what they cost: no 0 is said to be it
    graph = explorer.network.graph
    panels.tabs.setCurrentWidget(panels.details_panel)
    for name in ("", "body", "body.0"):
        explorer.select_layer(name)
        odd.settle()
        (cost,) = (group for group in panels.details_panel.groups() if group.title == "Cost")
        assert "parameters" in [fact.name for fact in cost.facts]
        assert "multiply-adds" not in [fact.name for fact in cost.facts]
    assert "Parameters" in tip(graph, "body.0")
    assert "Multiply-adds" not in tip(graph, "body.0")
    titles = [title.text() for title in view.findChildren(TitleLabel)]
    assert "Odd   93 parameters  ·  4 layers" in titles

    # a block is closed, a layer shows its weights
    view.toggle("body")
    odd.settle()
    assert explorer.network.layout.boxes.keys() == {"temperature", "body", "head"}
    explorer.select_layer("body.0")
    panels.tabs.setCurrentWidget(panels.filters_panel)
    odd.settle()
    filters = panels.filters_panel
    assert filters.header.isVisible()  # its own weights
    assert said == []

    # it cannot be run on a picture, and says so in one sentence
    explorer.open_file(resource("samples", "digit-7.png"))
    odd.settle()
    assert explorer.answers is None
    (message,) = said
    assert message.level == "error"
    assert message.text.startswith("Odd cannot be run on a picture: ")
    assert message.text.endswith(".")
    said.clear()

    # a weight that belongs to no layer is shown; that it puts out nothing is no error
    explorer.select_layer("temperature")
    odd.settle()
    assert filters.header.isVisible()
    assert filters.bars.isVisible()
    assert panels.activations_panel.empty.text() == (
        "This is a weight and no layer: it puts out nothing. Filters shows it."
    )
    assert "class Comparing" in panels.code_panel.code.toPlainText()
