"""ONNX files run: against calculations by hand, and against the wheel's own answers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from cnn_explorer.errors import ExplorerError
from cnn_explorer.graph.onnx_graph import onnx_graph
from cnn_explorer.media.decode import decode_file
from cnn_explorer.networks.onnx_facts import PictureInput
from cnn_explorer.paths import resource
from cnn_explorer.probe.onnx_session import OnnxSession
from cnn_explorer.probe.preprocess import prepare
from cnn_explorer.probe.results import PreparedInput
from tests.networks.onnx_files import FLOAT, light_files, model_of, saved, small_net, weights


def prepared_of(session: OnnxSession, sample: str = "photo-cat.jpg") -> PreparedInput:
    return prepare(decode_file(resource("samples", sample)), session.preprocessing)


@pytest.mark.parametrize("path", light_files(), ids=lambda path: path.stem)
def test_light_models_run_with_every_output_visible(path: Path) -> None:
    session = OnnxSession.open(path)
    assert not session.refusal
    assert not session.trained, "their weights are one number each"
    names = [layer.name for layer in session.network.layers]
    result = session.run(prepared_of(session), names)
    assert set(result.activations) == set(names)
    assert len(result.classes) == 1000
    assert sum(score.probability for score in result.classes) == pytest.approx(1, abs=1e-3)
    graph = onnx_graph(session.network)
    for name in names:
        shape = graph.layer[name].out_shape
        if len(shape) == 3 and shape[1] == shape[2]:
            assert result.activations[name].shape == shape, name


@pytest.mark.parametrize("path", light_files(), ids=lambda path: path.stem)
def test_light_models_answer_as_their_makers_say(path: Path) -> None:
    """The wheel has the output for an input of numbers that a formula gives."""
    session = OnnxSession.open(path)
    expected = onnx.TensorProto.FromString(path.with_name(path.stem + "_output_0.pb").read_bytes())
    values = numpy_helper.to_array(expected).reshape(-1)
    shape = session.preprocessing.input_shape
    count = int(np.prod(shape))
    # as in onnx.backend.test.runner: even numbers over the size
    given = (np.arange(count, dtype=np.float32) / count).reshape(shape)
    if session.chosen.order == "bgr":
        given = given[::-1]
    prepared = replace(prepared_of(session), tensor=given)
    result = session.run(prepared)
    by_index = {score.index: score.probability for score in result.classes}
    got = np.array([by_index[index] for index in range(len(values))])
    if np.isclose(values.sum(), 1, atol=1e-3):
        np.testing.assert_allclose(got, values, rtol=1e-3)
    else:  # logits that are all the same
        assert np.ptp(values) < 1e-6
        assert np.ptp(got) < 1e-6


def test_a_small_net_equals_a_calculation_by_hand(tmp_path: Path) -> None:
    model = small_net()
    session = OnnxSession.open(saved(model, tmp_path / "net.onnx"), PictureInput(16, "unit"))
    prepared = prepared_of(session)
    result = session.run(prepared, ["conv", "relu", "pool", "fc"])
    w, b, v = (numpy_helper.to_array(tensor) for tensor in model.graph.initializer)
    padded = np.pad(prepared.tensor.astype(np.float64), ((0, 0), (1, 1), (1, 1)))
    conv = np.zeros((4, 16, 16))
    for row in range(16):
        for column in range(16):
            window = padded[:, row : row + 3, column : column + 3]
            conv[:, row, column] = (w * window).sum((1, 2, 3)) + b
    np.testing.assert_allclose(result.activations["conv"], conv, rtol=1e-4, atol=1e-5)
    relu = np.maximum(conv, 0)
    np.testing.assert_allclose(result.activations["relu"], relu, rtol=1e-4, atol=1e-5)
    logits = relu.mean((1, 2)) @ v
    np.testing.assert_allclose(result.activations["fc"], logits, rtol=1e-4)
    odds = np.exp(logits - logits.max())
    best = int(odds.argmax())
    assert result.classes[0].index == best
    assert result.classes[0].probability == pytest.approx(odds[best] / odds.sum(), rel=1e-4)


def test_fast_is_exact_and_says_so(tmp_path: Path) -> None:
    session = OnnxSession.open(saved(small_net(), tmp_path / "small.onnx"))
    prepared = prepared_of(session)
    exact, fast = session.run(prepared), session.run(prepared, precision="fast")
    assert fast.classes == exact.classes
    assert (fast.arithmetic.precision, fast.arithmetic.how) == ("exact", "float32")
    assert fast.arithmetic.note.startswith("An ONNX file runs exactly")
    assert exact.arithmetic.note == ""


def test_weights_are_as_torch_has_them(tmp_path: Path) -> None:
    session = OnnxSession.open(saved(small_net(), tmp_path / "net.onnx"))
    conv, fc = session.filters("conv"), session.filters("fc")
    assert conv is not None
    assert conv.weight.shape == (4, 3, 3, 3)
    assert conv.bias is not None
    assert conv.bias.shape == (4,)
    assert fc is not None
    assert fc.weight.shape == (3, 4)  # Gemm without transB has (in, out)
    assert fc.bias is None
    assert session.filters("relu") is None
    assert not conv.weight.flags.writeable
    with pytest.raises(ExplorerError, match="no layer"):
        session.filters("nothing")


def test_constants_that_nodes_make_are_weights(tmp_path: Path) -> None:
    shape = helper.make_tensor("s", onnx.TensorProto.INT64, [4], [4, 3, 3, 3])
    value = helper.make_tensor("v", FLOAT, [1], [0.5])
    nodes = [
        helper.make_node("ConstantOfShape", ["s"], ["w"], value=value),
        helper.make_node("Conv", ["x", "w"], ["y"], name="conv"),
    ]
    session = OnnxSession.open(saved(model_of(nodes, [shape]), tmp_path / "net.onnx"))
    found = session.filters("conv")
    assert found is not None
    assert (found.weight == 0.5).all()
    assert onnx_graph(session.network).layer["conv"].parameters == 108


@pytest.mark.parametrize("order", ["rgb", "bgr"])
def test_the_order_of_colours(tmp_path: Path, order: str) -> None:
    picks = np.zeros((1, 3, 1, 1), np.float32)
    picks[0, 0] = 1  # the first channel alone
    nodes = [helper.make_node("Conv", ["x", "w"], ["y"], name="conv")]
    model = model_of(nodes, [numpy_helper.from_array(picks, "w")])
    path = saved(model, tmp_path / "net.onnx")
    session = OnnxSession.open(path, PictureInput(16, "unit", order))  # type: ignore[arg-type]
    prepared = prepared_of(session)
    maps = session.run(prepared, ["conv"]).activations["conv"]
    expected = prepared.tensor[0 if order == "rgb" else 2]
    np.testing.assert_allclose(maps[0], expected, atol=1e-6)


def test_channels_last_batches_and_half_floats(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], name="turn", perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["t", "w"], ["c"], name="conv"),
        helper.make_node("Cast", ["c"], ["y"], name="cast", to=FLOAT),
    ]
    kernel = numpy_helper.from_array(np.ones((2, 3, 1, 1), np.float16), "w")
    half = onnx.TensorProto.FLOAT16
    model = model_of(nodes, [kernel], shape=(2, 8, 8, 3), kind=half)
    session = OnnxSession.open(saved(model, tmp_path / "net.onnx"), PictureInput(8, "unit"))
    prepared = prepared_of(session)
    result = session.run(prepared, ["conv"])
    assert result.classes == ()
    expected = prepared.tensor.sum(0)
    assert result.activations["conv"].shape == (2, 8, 8)
    np.testing.assert_allclose(result.activations["conv"][0], expected, atol=1e-2)


def test_sizes_that_may_be_anything_are_guessed_and_can_be_told(tmp_path: Path) -> None:
    model = small_net(shape=("n", 3, "h", "w"))
    path = saved(model, tmp_path / "net.onnx")
    assert OnnxSession.open(path).preprocessing.input_shape == (3, 224, 224)
    session = OnnxSession.open(path, PictureInput(64, "symmetric"))
    assert session.run(prepared_of(session), ["conv"]).activations["conv"].shape == (4, 64, 64)
    fixed = saved(small_net(), tmp_path / "fixed.onnx")
    with pytest.raises(ExplorerError, match="pictures of 16 pixels, not of 64"):
        OnnxSession.open(fixed, PictureInput(64, "unit"))


@pytest.mark.parametrize(
    ("shape", "kind", "said"),
    [
        ((1, 128), FLOAT, "its input is of shape 1 × 128"),
        ((1, 3, 16, 16), onnx.TensorProto.INT64, "values of type int64"),
        ((1, 12, 16, 16), FLOAT, "12 channels"),
        ((1, 3, 16, 20), FLOAT, "20 × 16 pixels, and not square"),
        ((1, 3, 8, 16, 16), FLOAT, "shape 1 × 3 × 8 × 16 × 16"),
    ],
)
def test_what_is_no_picture_is_drawn_and_not_run(
    tmp_path: Path, shape: tuple[int, ...], kind: int, said: str
) -> None:
    nodes = [
        helper.make_node("Cast", ["x"], ["f"], name="cast", to=FLOAT),
        helper.make_node("Relu", ["f"], ["y"], name="relu"),
    ]
    session = OnnxSession.open(saved(model_of(nodes, shape=shape, kind=kind), tmp_path / "n.onnx"))
    assert said in session.refusal
    assert [layer.name for layer in onnx_graph(session.network).layers] == [
        "input", "cast", "relu", "output",
    ]  # fmt: skip
    with pytest.raises(ExplorerError, match="is not run"):
        session.run(prepared_of(OnnxSession.open(light_files()[0])))


def test_several_inputs_are_drawn_and_not_run(tmp_path: Path) -> None:
    model = model_of([helper.make_node("Add", ["x", "x2"], ["y"], name="add")])
    model.graph.input.append(helper.make_tensor_value_info("x2", FLOAT, [1, 3, 16, 16]))
    session = OnnxSession.open(saved(model, tmp_path / "two.onnx"))
    assert "it takes 2 inputs" in session.refusal
    graph = onnx_graph(session.network)
    assert [(edge.source, edge.target) for edge in graph.edges] == [
        ("input", "add"), ("input#2", "add"), ("add", "output"),
    ]  # fmt: skip


def test_what_the_runtime_cannot_run_is_drawn(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], name="conv"),
        helper.make_node("NoSuchThing", ["c"], ["y"], name="odd", domain="com.microsoft"),
    ]
    model = model_of(nodes, [weights("w", 4, 3, 1, 1)], opsets=(("", 17), ("com.microsoft", 1)))
    session = OnnxSession.open(saved(model, tmp_path / "odd.onnx"))
    assert "ONNX Runtime cannot run it" in session.refusal
    graph = onnx_graph(session.network)
    assert graph.layer["conv"].macs == 4 * 3 * 16 * 16
    assert graph.layer["odd"].out_shape == ()


def test_fusing_does_not_change_what_a_layer_puts_out(tmp_path: Path) -> None:
    """ONNX Runtime likes to make one operator of a convolution, a normalisation and a ReLU."""
    names = ["s", "b", "m", "v"]
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], name="conv"),
        helper.make_node("BatchNormalization", ["c", *names], ["n"], name="norm"),
        helper.make_node("Relu", ["n"], ["r"], name="relu"),
        helper.make_node("Dropout", ["r"], ["y"], name="drop"),
    ]
    statistics = [numpy_helper.from_array(np.float32([2, 3, 4, 5]), name) for name in names]
    model = model_of(nodes, [weights("w", 4, 3, 1, 1), *statistics])
    session = OnnxSession.open(saved(model, tmp_path / "net.onnx"), PictureInput(16, "unit"))
    prepared = prepared_of(session)
    seen = session.run(prepared, ["conv", "norm", "relu", "drop"]).activations
    w = numpy_helper.to_array(model.graph.initializer[0])[:, :, 0, 0]
    conv = np.tensordot(w, prepared.tensor, 1)
    s = np.float32([2, 3, 4, 5])[:, None, None]
    norm = s * (conv - s) / np.sqrt(s + 1e-5) + s
    np.testing.assert_allclose(seen["conv"], conv, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(seen["norm"], norm, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(seen["relu"], np.maximum(norm, 0), rtol=1e-4, atol=1e-5)
    assert (seen["drop"] == seen["relu"]).all()


def test_code_and_unknown_layers(tmp_path: Path) -> None:
    session = OnnxSession.open(saved(small_net(), tmp_path / "net.onnx"))
    source = session.source("conv")
    assert source.type_name == "Conv"
    assert "pads" in source.code
    assert "w: float, 4 × 3 × 3 × 3" in source.code
    assert "operators ai.onnx, version 17" in session.source("").code
    with pytest.raises(ExplorerError, match="no layer"):
        session.check_layer("layer9")


def test_what_is_said_of_weights(tmp_path: Path) -> None:
    def values(name: str, *shape: int) -> onnx.TensorProto:
        numbers = np.random.default_rng(len(name)).random(shape) + 0.5
        return numpy_helper.from_array(numbers.astype(np.float32), name)

    given = [values("w", 6, 1, 3, 3), *(values(name, 6) for name in ("g", "bb", "mmm", "vvvv"))]
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], name="conv", group=3),
        helper.make_node(
            "BatchNormalization", ["c", "g", "bb", "mmm", "vvvv"], ["y"], name="bn", epsilon=0.01
        ),
    ]
    session = OnnxSession.open(saved(model_of(nodes, given), tmp_path / "net.onnx"))
    conv, norm = session.filters("conv"), session.filters("bn")
    assert conv is not None
    assert (conv.kind, conv.groups) == ("convolution", 3)
    assert norm is not None
    assert (norm.kind, round(norm.eps, 6)) == ("normalisation", 0.01)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.running_mean.tolist() == numpy_helper.to_array(given[3]).tolist()
    assert norm.running_var.tolist() == numpy_helper.to_array(given[4]).tolist()
