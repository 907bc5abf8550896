"""Statistics, in the real window with the real engine: a layer, a channel, the depth, a network
that is broken."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from safetensors.numpy import load_file, save_file

from cnn_explorer.paths import resource
from tests.journeys.conftest import PATIENCE, Stage


def test_numbers_of_a_layer_and_of_all_layers(stage: Stage) -> None:
    window, explorer, qtbot = stage.window, stage.explorer, stage.qtbot
    panel = window.panels.statistics_panel
    explorer.open_file(resource("samples") / "digit-5.png")
    stage.settle()
    window.activateWindow()
    qtbot.keyClick(window, Qt.Key.Key_7, Qt.KeyboardModifier.ControlModifier)
    assert panel.isVisible()
    assert panel.header.title.text() == explorer.layer == "features.conv1"
    maps = window.panels.activations_panel._shown.maps
    assert panel.facts.text().startswith(f"mean {maps.mean():.4g}".replace("-", "−"))
    assert panel.model.rowCount() == len(maps)
    # the depth is worked out when it is looked at
    assert explorer.depth_profile is None
    panel.depth_button.click()
    qtbot.waitUntil(lambda: panel.curves.isVisible(), timeout=PATIENCE)
    stage.settle()
    profile = explorer.depth_profile
    assert profile is not None
    alone = profile.profile.layers["features.conv1"]
    assert alone.mean == pytest.approx(float(maps.mean()), rel=1e-5)
    # from the curve to the graph, by keys alone
    panel.curves.setFocus()
    qtbot.keyClick(panel.curves, Qt.Key.Key_End)
    qtbot.keyClick(panel.curves, Qt.Key.Key_Return)
    stage.settle()
    last = list(profile.profile.layers)[-1]
    assert explorer.layer == last
    assert panel.curves._selection.value() == len(profile.profile.layers) - 1
    panel.layer_button.click()
    assert panel.header.title.text() == last
    assert explorer.depth_profile is profile  # nothing was computed again
    # another picture: its own profile
    panel.depth_button.click()
    explorer.open_file(resource("samples") / "digit-7.png")
    qtbot.waitUntil(
        lambda: explorer.depth_profile is not None and explorer.depth_profile is not profile,
        timeout=PATIENCE,
    )
    stage.settle()
    assert panel.curves.box.opacity() == 1
    # and another network
    explorer.choose_network("plain20")
    stage.network_open("plain20")
    qtbot.waitUntil(lambda: panel.curves.isVisible(), timeout=PATIENCE)
    assert "layer3" in {text for _, text in panel.curves.bottom.ticks}


def test_where_a_broken_network_breaks(stage: Stage, tmp_path: Path) -> None:
    window, explorer, qtbot = stage.window, stage.explorer, stage.qtbot
    weights = load_file(resource("weights") / "lenet5-mnist.safetensors")
    weights["features.conv2.weight"][3, 0, 0, 0] = np.nan
    save_file(weights, tmp_path / "broken.safetensors")
    explorer.open_weights(tmp_path / "broken.safetensors")
    stage.settle()
    messages: list[str] = []
    explorer.message_shown.connect(lambda message: messages.append(message.text))
    explorer.open_file(resource("samples") / "digit-5.png")
    stage.settle()
    assert "not a number" in messages[-1]
    window.show_layer_tab(window.tab_index("statistics"))
    panel = window.panels.statistics_panel
    panel.depth_button.click()
    qtbot.waitUntil(lambda: panel.curves.isVisible(), timeout=PATIENCE)
    stage.settle()
    first = panel.failures.item(0).text()
    assert first.startswith("✕ not finite · features.conv2 + ")
    qtbot.mouseClick(
        panel.failures.viewport(),
        Qt.MouseButton.LeftButton,
        pos=panel.failures.visualItemRect(panel.failures.item(0)).center(),
    )
    assert explorer.layer == "features.conv2"
