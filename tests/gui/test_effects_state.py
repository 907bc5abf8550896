"""Effects from the window's state: of the likeliest class, and quiet where nobody asked."""

from collections.abc import Iterator

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from cnn_explorer.errors import ExplorerError
from cnn_explorer.gui.state.explorer import Explorer, Message
from cnn_explorer.gui.state.shown import EffectsShown
from cnn_explorer.media.decode import decode_file
from cnn_explorer.paths import resource
from cnn_explorer.probe import effect as effects

PATIENCE = 120_000  # ms; a limit, not a wait


@pytest.fixture
def explorer(qtbot: QtBot) -> Iterator[Explorer]:
    explorer = Explorer()
    explorer.start()
    explorer.choose_network("lenet5", version="MNIST")
    explorer.show_picture(decode_file(resource("samples", "digit-7.png")))
    qtbot.waitUntil(lambda: explorer.idle, timeout=PATIENCE)
    yield explorer
    explorer.close()
    explorer.deleteLater()


def test_effects_and_where_there_are_none(
    qtbot: QtBot, explorer: Explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[EffectsShown] = []
    said: list[Message] = []
    explorer.effects_shown.connect(told.append)
    explorer.message_shown.connect(said.append)

    def find(asked: bool) -> None:
        explorer.find_effects(asked)
        qtbot.waitUntil(lambda: explorer.idle, timeout=PATIENCE)

    find(asked=True)
    (shown,) = told
    assert (shown.layer, shown.class_name) == (explorer.layer, "7")
    assert shown.picture is explorer.picture
    assert shown.effects.shape == (6,)
    assert np.abs(shown.effects).max() > 0

    def fail(*_: object) -> None:
        raise ExplorerError("it gives no gradients.")

    monkeypatch.setattr(effects, "channel_effects", fail)
    find(asked=False)
    assert said == []
    find(asked=True)
    assert [(message.text, message.level) for message in said] == [
        ("It gives no gradients.", "error")
    ]
    assert told == [shown]
