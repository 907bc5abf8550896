"""The profile from the window's state: kept for the picture on show, stale with it, stopped."""

from collections.abc import Iterator

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.state.explorer import Explorer
from cnn_explorer.gui.state.shown import ProfileShown
from cnn_explorer.media.picture import Picture

PATIENCE = 120_000  # ms; a limit, not a wait


def picture(seed: int = 0) -> Picture:
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 40, 3), np.uint8)
    return Picture(pixels, f"noise {seed}")


@pytest.fixture
def explorer(qtbot: QtBot) -> Iterator[Explorer]:
    del qtbot
    explorer = Explorer()
    explorer.start()
    yield explorer
    explorer.close()
    explorer.deleteLater()


def settle(qtbot: QtBot, explorer: Explorer) -> None:
    qtbot.waitUntil(lambda: explorer.idle, timeout=PATIENCE)


def test_kept_until_picture_or_network_change(qtbot: QtBot, explorer: Explorer) -> None:
    told: list[ProfileShown | None] = []
    explorer.profile_shown.connect(told.append)
    explorer.profile()  # nothing is open
    explorer.choose_network("lenet5-1998")
    settle(qtbot, explorer)
    explorer.profile()  # there is no picture
    assert explorer.idle
    first = picture(1)
    explorer.show_picture(first)
    explorer.profile()
    explorer.profile()  # the one that is made already will do
    settle(qtbot, explorer)
    *nothing, shown = told
    assert nothing == [None, None]  # of the network before, of the picture before
    assert shown is not None
    assert (shown.graph, shown.picture) == (explorer.network.graph, first)  # type: ignore[union-attr]
    layers = [layer.name for layer in shown.graph.layers if layer.kind not in ("input", "output")]
    assert list(shown.profile.layers) == layers
    assert shown.profile.failures == {}
    # coming back computes nothing, another layer neither
    explorer.select_layer("features")
    settle(qtbot, explorer)
    explorer.profile()
    assert explorer.idle
    assert told[-1] is explorer.depth_profile is shown
    explorer.show_picture(picture(2))
    assert told[-1] is explorer.depth_profile is None
    explorer.profile()
    settle(qtbot, explorer)
    assert told[-1] is not None
    assert told[-1].picture.name == "noise 2"
    explorer.clear_picture()
    assert told[-1] is None
    explorer.profile()
    assert explorer.idle


def test_a_new_picture_or_network_makes_it_pointless(qtbot: QtBot, explorer: Explorer) -> None:
    told: list[ProfileShown | None] = []
    explorer.choose_network("vgg-cifar")
    settle(qtbot, explorer)
    explorer.profile_shown.connect(told.append)
    explorer.show_picture(picture(1))
    explorer.profile()
    explorer.show_picture(picture(2))
    settle(qtbot, explorer)
    assert told == [None, None]
    explorer.profile()
    explorer.choose_network("lenet5")
    settle(qtbot, explorer)
    assert told == [None, None, None]
    assert explorer.depth_profile is None


def test_stopped_it_says_so(qtbot: QtBot, explorer: Explorer) -> None:
    stopped: list[int] = []
    explorer.profile_stopped.connect(lambda: stopped.append(1))
    explorer.choose_network("vgg-cifar")
    settle(qtbot, explorer)
    explorer.show_picture(picture())
    settle(qtbot, explorer)
    explorer.cancel()
    assert stopped == []
    explorer.profile()
    explorer.cancel()
    settle(qtbot, explorer)
    assert stopped == [1]
    assert explorer.depth_profile is None
    explorer.profile()
    settle(qtbot, explorer)
    assert explorer.depth_profile is not None


def test_a_profile_that_fails_says_so(
    qtbot: QtBot, explorer: Explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cnn_explorer.errors import ExplorerError
    from cnn_explorer.probe import profile

    def fail(*_: object) -> None:
        raise ExplorerError("it broke.")

    monkeypatch.setattr(profile, "profile", fail)
    stopped: list[int] = []
    messages: list[str] = []
    explorer.profile_stopped.connect(lambda: stopped.append(1))
    explorer.message_shown.connect(lambda message: messages.append(message.text))
    explorer.choose_network("lenet5")
    settle(qtbot, explorer)
    explorer.show_picture(picture())
    explorer.profile()
    settle(qtbot, explorer)
    assert stopped == [1]
    assert messages[-1] == "It broke."
