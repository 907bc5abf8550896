"""Thumbnails in the graph, as a person meets them."""

import numpy as np
import pytest

from cnn_explorer.gui.state.settings import Settings
from cnn_explorer.gui.widgets.thumbnail_look import rows
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.paths import resource
from cnn_explorer.probe.session import Session
from tests.journeys.conftest import Stage


def test_each_box_shows_what_it_makes_of_a_digit(stage: Stage) -> None:
    stage.explorer.open_file(resource("samples", "digit-7.png"))
    stage.settle()
    assert stage.window.panels is not None
    view = stage.window.panels.graph_view
    network, answers = stage.explorer.network, stage.explorer.answers
    assert network is not None
    assert answers is not None
    drawn = [node.name for node in network.layout.graph.nodes]
    layers = [name for name in drawn if name not in ("input", "output")]
    session = Session.open(card_of("lenet5"))
    outputs = session.run(answers.prepared, layers).activations
    for name in layers:
        thumbnail = view.thumbnail_of(name)
        assert thumbnail is not None, name
        values = outputs[name]
        assert thumbnail.mean == pytest.approx(float(values.mean(dtype=np.float64)), abs=1e-5)
        assert thumbnail.maximum == pytest.approx(float(values.max()), rel=1e-6)
        assert (thumbnail.dead is None) == bool((values < 0).any()), name
    assert view.thumbnail_of("input") is not None
    assert view.thumbnail_of("output") is not None
    # in words as well
    name = "features.relu1"
    view.set_selected(name)
    shown = view.thumbnail_of(name)
    assert shown is not None
    for what, value in rows(shown):
        assert f"{what}: {value}" in view.canvas.accessibleName()

    with_pictures = view.grab().toImage()
    commands = stage.window.commands
    assert commands.thumbnails["mean"].isChecked()
    commands.next_thumbnails.trigger()
    stage.settle()
    assert commands.thumbnails["strongest"].isChecked()
    assert view.grab().toImage() != with_pictures
    width = network.layout.boxes[name].width
    commands.next_thumbnails.trigger()
    stage.settle()
    assert commands.thumbnails["off"].isChecked()
    assert view.thumbnail_of(name) is None
    assert stage.explorer.network is not None
    assert stage.explorer.network.layout.boxes[name].width < width


def test_the_choice_is_remembered_and_an_odd_one_is_not(tmp_path) -> None:  # type: ignore[no-untyped-def]
    settings = Settings.in_file(tmp_path / "settings.ini")
    assert settings.thumbnails == "mean"
    settings.thumbnails = "strongest"
    settings.save()
    assert Settings.in_file(tmp_path / "settings.ini").thumbnails == "strongest"
    settings.thumbnails = "everything"  # type: ignore[assignment]
    assert settings.thumbnails == "mean"
