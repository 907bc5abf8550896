"""Measuring layers from the window's state: answered for the network on show, and stopped."""

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.state.explorer import Explorer
from cnn_explorer.gui.state.shown import TimesShown

PATIENCE = 120_000  # ms; a limit, not a wait


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


def test_times_of_the_network_on_show(qtbot: QtBot, explorer: Explorer) -> None:
    shown: list[TimesShown] = []
    explorer.times_shown.connect(shown.append)
    explorer.measure()  # nothing is open: nothing to measure
    assert explorer.idle
    explorer.choose_network("lenet5")
    settle(qtbot, explorer)
    explorer.measure()
    settle(qtbot, explorer)
    network = explorer.network
    assert network is not None
    (times,) = shown
    assert times.graph is network.graph
    assert set(times.times) == set(network.graph.layer) - {"input", "output"}
    assert times.runs == 7
    assert times.forward_ms > 0
    assert times.sum_ms == sum(times.times.values())
    # another drawing is the same graph; another opening is not
    explorer.expand(frozenset())
    assert explorer.network is not None
    assert explorer.network.graph is times.graph


def test_another_network_makes_measuring_pointless(qtbot: QtBot, explorer: Explorer) -> None:
    shown: list[TimesShown] = []
    messages: list[object] = []
    explorer.times_shown.connect(shown.append)
    explorer.message_shown.connect(messages.append)
    explorer.choose_network("vgg-cifar")
    settle(qtbot, explorer)
    busy: list[object] = []
    explorer.busy_changed.connect(busy.append)
    explorer.measure()
    qtbot.waitUntil(
        lambda: any(getattr(told, "fraction", -1) > 0 for told in busy), timeout=PATIENCE
    )
    explorer.choose_network("lenet5")
    settle(qtbot, explorer)
    assert explorer.network is not None
    assert explorer.network.card.name == "lenet5"
    assert shown == []
    assert messages == []


def test_measuring_can_be_stopped(qtbot: QtBot, explorer: Explorer) -> None:
    shown: list[TimesShown] = []
    messages: list[str] = []
    explorer.times_shown.connect(shown.append)
    explorer.message_shown.connect(lambda message: messages.append(message.text))
    explorer.choose_network("vgg-cifar")
    settle(qtbot, explorer)
    explorer.measure()
    explorer.cancel()
    settle(qtbot, explorer)
    assert shown == []
    assert messages == ["Stopped."]
    assert explorer.network is not None
