"""Outputs of many layers in bounded memory: the same as of one run, in batches."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnn_explorer.errors import ExplorerError
from cnn_explorer.media.decode import decode_file
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.paths import resource
from cnn_explorer.probe import layer_outputs
from cnn_explorer.probe.layer_outputs import LayerOutputs
from cnn_explorer.probe.onnx_export import export_onnx
from cnn_explorer.probe.onnx_session import OnnxSession
from cnn_explorer.probe.preprocess import prepare
from cnn_explorer.probe.results import PreparedInput, RunResult
from cnn_explorer.probe.session import Session


def prepared_for(session: Session | OnnxSession) -> PreparedInput:
    return prepare(decode_file(resource("samples", "photo-cat.jpg")), session.preprocessing)


@pytest.mark.parametrize("onnx", [False, True])
def test_batches_give_what_one_run_gives(
    onnx: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session: Session | OnnxSession = Session.open(card_of("resnet20"))
    layers = [name for name, module in session.model.named_modules() if not [*module.children()]]
    if onnx:
        export_onnx(session, tmp_path / "net.onnx")
        session = OnnxSession.open(tmp_path / "net.onnx")
        layers = [layer.name for layer in session.network.layers]
    layers = layers[::-1]  # in whatever order they are named
    prepared = prepared_for(session)
    wanted = session.run(prepared, layers).activations
    monkeypatch.setattr(layer_outputs, "BATCH_BYTES", 1 << 18)
    held: list[int] = []
    run = type(session).run

    def noted(self: Any, prepared: PreparedInput, layers: Sequence[str], *rest: Any, **more: Any):
        result: RunResult = run(self, prepared, layers, *rest, **more)
        held.append(sum(maps.nbytes for maps in result.activations.values()))
        return result

    monkeypatch.setattr(type(session), "run", noted)
    outputs = LayerOutputs(session, prepared, layers)
    assert list(outputs) == layers
    assert len(held) == 1
    for layer, maps in outputs.items():
        assert np.array_equal(maps, wanted[layer])
    assert max(held) <= 1 << 18
    assert len(held) < len(layers) / 2
    assert sum(held) == sum(maps.nbytes for maps in wanted.values())  # each layer once


def test_a_layer_that_takes_no_part_is_told_at_once() -> None:
    session = Session.open(card_of("googlenet"))
    with pytest.raises(ExplorerError, match='"aux1" took no part in this run'):
        LayerOutputs(session, prepared_for(session), ["inception4a", "aux1"])
