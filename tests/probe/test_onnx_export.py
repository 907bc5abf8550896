"""Networks written as ONNX and read again: the same graph, the same numbers."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from cnn_explorer.errors import Cancelled, ExplorerError
from cnn_explorer.graph.extract import extract
from cnn_explorer.graph.onnx_graph import onnx_graph
from cnn_explorer.media.decode import decode_file
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.paths import resource
from cnn_explorer.probe.onnx_export import OPSET, export_onnx
from cnn_explorer.probe.onnx_session import OnnxSession
from cnn_explorer.probe.preprocess import prepare
from cnn_explorer.probe.session import Session

NETWORKS = ("lenet5", "lenet5-1998", "resnet18", "resnet20", "googlenet", "squeezenet1_1",
            "densenet121", "torchvision/shufflenet_v2_x0_5")  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_an_exported_network_is_the_same_network(name: str, tmp_path: Path) -> None:
    card = card_of(name)
    session = Session.open(card, version="random")
    path = tmp_path / "net.onnx"
    done = export_onnx(session, path)
    assert done.opset == OPSET
    assert done.difference <= 1e-4 * max(done.largest, 1)
    assert {o.domain: o.version for o in onnx.load(path).opset_import} == {"": OPSET}

    again = OnnxSession.open(path)
    assert again.preprocessing == session.preprocessing
    assert again.class_names == session.class_names
    assert again.trained == session.trained

    ours = extract(session.model, card.preprocessing.input_shape, network=name)
    theirs = onnx_graph(again.network)
    if name == "lenet5-1998":  # ONNX has no table of connections: what is not joined counts
        assert theirs.macs > ours.macs
    else:
        assert theirs.macs == ours.macs
    assert theirs.parameters == ours.parameters
    # layers that are one operator keep their name and place, shape and settings
    shared = [
        node for node in ours.layers
        if node.name in theirs.layer and not node.training_only and node.kind != "other"
    ]  # fmt: skip
    weighted = {node.name for node in ours.layers if node.parameters and not node.training_only}
    if name != "lenet5-1998":  # whose layers are several operators each
        assert weighted <= {node.name for node in shared}
    for node in shared:
        other = theirs.layer[node.name]
        assert other.out_shape == node.out_shape, node.name
        assert other.parameters == node.parameters, node.name
        if node.kind in ("conv", "linear") and node.type_name != "TableConv2d":
            assert other.attributes == node.attributes, node.name
            assert other.kind == node.kind
    assert {b.name: b.type_name for b in theirs.blocks if not b.group}.items() >= {
        b.name: b.type_name for b in ours.blocks
        if not b.group and not b.training_only and b.name in theirs.block
    }.items()  # fmt: skip

    picture = decode_file(
        resource("samples", "digit-7.png" if card.preprocessing.kind == "digit" else
                 "photo-cat.jpg")
    )  # fmt: skip
    prepared = prepare(picture, session.preprocessing)
    names = [node.name for node in shared if node.kind not in ("input", "output")]
    expected = session.run(prepared, names)
    found = again.run(prepared, names)
    for layer in names:
        a, b = expected.activations[layer], found.activations[layer]
        assert a.shape == b.shape, layer
        assert np.abs(a - b).max() <= 1e-4 * max(np.abs(a).max(), 1e-3), layer
    assert [score.index for score in found.classes[:3]] == [
        score.index for score in expected.classes[:3]
    ]
    for node in shared:
        if node.kind in ("conv", "linear") and node.type_name != "TableConv2d":
            a, b = session.filters(node.name), again.filters(node.name)
            assert a is not None
            assert b is not None
            assert (a.weight == b.weight).all()


def test_trained_weights_and_any_batch(tmp_path: Path) -> None:
    session = Session.open(card_of("lenet5"))
    export_onnx(session, tmp_path / "lenet5.onnx")
    again = OnnxSession.open(tmp_path / "lenet5.onnx")
    prepared = prepare(decode_file(resource("samples", "digit-7.png")), again.preprocessing)
    assert again.run(prepared).classes[0].name == "7"
    assert again.trained
    import onnxruntime

    runtime = onnxruntime.InferenceSession(
        tmp_path / "lenet5.onnx", providers=["CPUExecutionProvider"]
    )
    batch = np.zeros((5, 1, 32, 32), np.float32)
    assert runtime.run(None, {"input": batch})[0].shape == (5, 10)


class _Odd(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.special.bessel_j0(x).flatten(1)


class _Differs(nn.Module):
    """Traced with zeros it is one thing, run with a picture another."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(1) * (2.0 if bool(x.sum() == 0) else 1.0)


@pytest.mark.parametrize("model", [_Odd(), _Differs()])
def test_what_cannot_be_written_is_not_written(model: nn.Module, tmp_path: Path) -> None:
    session = Session.open(card_of("lenet5"))
    session.model = model.eval()
    with pytest.raises(ExplorerError, match="LeNet-5 cannot be written as ONNX") as raised:
        export_onnx(session, tmp_path / "odd.onnx")
    assert "\n" not in str(raised.value)
    assert not list(tmp_path.iterdir())


def test_stopping_writes_nothing(tmp_path: Path) -> None:
    def stop(fraction: float) -> None:
        if fraction > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        export_onnx(Session.open(card_of("lenet5")), tmp_path / "x.onnx", None, stop)
    assert not list(tmp_path.iterdir())


def test_exporting_leaves_the_network_as_it_was(tmp_path: Path) -> None:
    session = Session.open(card_of("resnet20"), version="random")
    before = {name: tensor.clone() for name, tensor in session.model.state_dict().items()}
    export_onnx(session, tmp_path / "net.onnx")
    assert not session.model.training
    after = session.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not any(module._forward_hooks for module in session.model.modules())
