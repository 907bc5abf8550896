"""ONNX files from strangers: each kind of bad one ends in one sentence, and nothing happens."""

import contextlib
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import AttributeProto, ModelProto, TensorProto, external_data_helper, helper

from cnn_explorer.errors import ExplorerError
from cnn_explorer.networks.onnx_file import read_onnx
from cnn_explorer.networks.onnx_input import declared_input, guessed_input
from cnn_explorer.networks.onnx_layers import OnnxNetwork, network_of
from tests.networks.onnx_files import light_files, model_of, saved, small_net, weights


def opened(path: Path) -> OnnxNetwork:
    file = read_onnx(path)
    return network_of(file, guessed_input(file.model, declared_input(file.model)))


def complaint(path: Path) -> str:
    """The sentence about a bad file: one line, of that file."""
    before = sorted(path.parent.rglob("*"))
    with pytest.raises(ExplorerError) as raised:
        opened(path)
    assert sorted(path.parent.rglob("*")) == before, "something was written"
    text = str(raised.value)
    assert "\n" not in text
    assert text.endswith(".")
    assert path.name in text
    return text


def external(model: ModelProto, location: str, **entries: str) -> ModelProto:
    """`model` with its first weights said to lie in another file."""
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.ClearField("raw_data")
    for key, value in {"location": location, **entries}.items():
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    return model


@pytest.mark.parametrize("path", light_files(), ids=lambda path: path.stem)
def test_the_light_models_of_the_wheel_open(path: Path) -> None:
    network = opened(path)
    assert all(layer.output in network.shapes for layer in network.layers)
    assert not {"Constant", "ConstantOfShape"} & {layer.node.op_type for layer in network.layers}


def test_there_are_nine_of_them() -> None:
    assert len(light_files()) == 9


def test_a_missing_file_an_empty_one_and_a_folder(tmp_path: Path) -> None:
    assert "cannot be read" in complaint(tmp_path / "none.onnx")
    (tmp_path / "empty.onnx").touch()
    assert "empty" in complaint(tmp_path / "empty.onnx")
    (tmp_path / "folder.onnx").mkdir()
    assert "no file" in complaint(tmp_path / "folder.onnx")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.onnx")
    assert "no file" in complaint(tmp_path / "pipe.onnx")


@pytest.mark.parametrize("share", [0.01, 0.3, 0.6, 0.95, 0.999])
def test_a_truncated_file(tmp_path: Path, share: float) -> None:
    content = small_net().SerializeToString()
    path = tmp_path / "cut.onnx"
    path.write_bytes(content[: int(len(content) * share)])
    complaint(path)


@given(content=st.binary(min_size=1, max_size=400))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_random_bytes(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "noise.onnx"
    path.write_bytes(content)
    complaint(path)


@given(data=st.data())
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150
)
def test_flipped_bytes_end_in_a_sentence_or_a_network(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(small_net().SerializeToString())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    path = tmp_path / "flipped.onnx"
    path.write_bytes(content)
    with contextlib.suppress(ExplorerError):
        opened(path)


def test_an_unknown_operator(tmp_path: Path) -> None:
    node = helper.make_node("Frobnicate", ["x"], ["y"])
    text = complaint(saved(model_of([node]), tmp_path / "odd.onnx"))
    assert 'uses the operator "Frobnicate", which is not known here' in text


def test_an_unknown_domain(tmp_path: Path) -> None:
    node = helper.make_node("Conv", ["x"], ["y"], domain="evil.example")
    model = model_of([node], opsets=(("", 17), ("evil.example", 1)))
    text = complaint(saved(model, tmp_path / "odd.onnx"))
    assert 'the operator "Conv" of the domain "evil.example"' in text


def test_an_operator_set_from_the_future(tmp_path: Path) -> None:
    text = complaint(saved(small_net(opsets=(("", 999),)), tmp_path / "new.onnx"))
    assert "version 999" in text


def test_an_unknown_operator_in_a_branch(tmp_path: Path) -> None:
    inner = helper.make_graph(
        [helper.make_node("Frobnicate", ["x"], ["z"])],
        "inner",
        [],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)],
    )
    yes = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
    node = helper.make_node("If", ["yes"], ["y"], then_branch=inner, else_branch=inner)
    assert "Frobnicate" in complaint(saved(model_of([node], [yes]), tmp_path / "if.onnx"))


@pytest.mark.parametrize(
    "location",
    [
        "../../etc/passwd", "/etc/passwd", "inner/../../outside.bin", "..\\..\\outside.bin",
        "C:\\Windows\\win.ini", "//server/share/x", "..",
    ],
)  # fmt: skip
def test_weights_outside_the_folder(tmp_path: Path, location: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "outside.bin").write_bytes(b"\1" * 1000)
    path = saved(external(small_net(), location), folder / "thief.onnx")
    assert "outside its own folder" in complaint(path)


def test_weights_behind_links(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "outside.bin").write_bytes(b"\1" * 1000)
    (folder / "link.bin").symlink_to(tmp_path / "outside.bin")
    (folder / "up").symlink_to(tmp_path, target_is_directory=True)
    for location in ("link.bin", "up/outside.bin"):
        path = saved(external(small_net(), location), folder / "thief.onnx")
        assert "is a link to elsewhere" in complaint(path)


def test_weights_in_a_pipe_or_a_folder(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    saved(external(small_net(), "folder"), tmp_path / "a.onnx")
    complaint(tmp_path / "a.onnx")
    saved(external(small_net(), ""), tmp_path / "b.onnx")
    assert "does not say in which file" in complaint(tmp_path / "b.onnx")


def test_weights_that_are_missing_or_too_short(tmp_path: Path) -> None:
    path = saved(external(small_net(), "weights.bin"), tmp_path / "net.onnx")
    assert "is not there: put it into the same folder" in complaint(path)
    (tmp_path / "weights.bin").write_bytes(b"\0" * 10)
    assert "too short" in complaint(path)
    path = saved(external(small_net(), "weights.bin", length="12"), tmp_path / "net.onnx")
    assert "not as long as its dimensions say" in complaint(path)
    path = saved(external(small_net(), "weights.bin", offset="many"), tmp_path / "net.onnx")
    assert "does not say where" in complaint(path)


def test_weights_beside_the_file_are_read(tmp_path: Path) -> None:
    model = small_net()
    (tmp_path / "inner").mkdir()
    external_data_helper.convert_model_to_external_data(
        model, location="inner/weights.bin", size_threshold=0
    )
    expected = {t.name: t.raw_data for t in small_net().graph.initializer}
    external_data_helper.save_external_data(model.graph.initializer[0], str(tmp_path))
    for tensor in list(model.graph.initializer)[1:]:
        external_data_helper.save_external_data(tensor, str(tmp_path))
    for tensor in model.graph.initializer:
        tensor.ClearField("raw_data")
    file = read_onnx(saved(model, tmp_path / "net.onnx"))
    assert {t.name: t.raw_data for t in file.model.graph.initializer} == expected
    assert not any(t.external_data for t in file.model.graph.initializer)


def test_a_tensor_that_claims_two_gigabytes(tmp_path: Path) -> None:
    model = small_net()
    tensor = model.graph.initializer[0]
    del tensor.dims[:]
    tensor.dims.extend([1 << 16, 1 << 13])
    text = complaint(saved(model, tmp_path / "bomb.onnx"))
    assert "that is too much to load" in text
    del tensor.dims[:]
    tensor.dims.extend([1000, 1000])
    assert "which are not there" in complaint(saved(model, tmp_path / "bomb.onnx"))
    del tensor.dims[:]
    tensor.dims.extend([-4, 27])
    assert "negative dimension" in complaint(saved(model, tmp_path / "bomb.onnx"))


def test_a_constant_that_would_grow_to_gigabytes(tmp_path: Path) -> None:
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [1 << 16, 1 << 14])
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["huge"]),
        helper.make_node("ReduceMax", ["huge"], ["m"], keepdims=0),
        helper.make_node("Add", ["x", "m"], ["y"]),
    ]
    text = complaint(saved(model_of(nodes, [shape]), tmp_path / "bomb.onnx"))
    assert "too much to run" in text


def test_a_graph_in_a_circle(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Add", ["x", "b"], ["a"], name="first"),
        helper.make_node("Relu", ["a"], ["b"], name="second"),
        helper.make_node("Relu", ["a"], ["y"]),
    ]
    text = complaint(saved(model_of(nodes), tmp_path / "circle.onnx"))
    assert "goes in a circle" in text
    assert '"first"' in text


def test_nodes_in_no_order_are_sorted(tmp_path: Path) -> None:
    model = small_net()
    nodes = list(model.graph.node)[::-1]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    network = opened(saved(model, tmp_path / "backwards.onnx"))
    assert [layer.name for layer in network.layers] == ["conv", "relu", "pool", "flatten", "fc"]


def test_no_outputs_no_nodes_no_graph(tmp_path: Path) -> None:
    model = small_net()
    del model.graph.output[:]
    assert "no outputs" in complaint(saved(model, tmp_path / "a.onnx"))
    model = small_net()
    del model.graph.node[:]
    assert "no operators" in complaint(saved(model, tmp_path / "b.onnx"))
    model = small_net()
    model.ClearField("graph")
    assert "no graph" in complaint(saved(model, tmp_path / "c.onnx"))


def test_tensors_from_nowhere_and_made_twice(tmp_path: Path) -> None:
    nodes = [helper.make_node("Add", ["x", "ghost"], ["y"])]
    assert "made by nothing" in complaint(saved(model_of(nodes), tmp_path / "a.onnx"))
    nodes = [helper.make_node("Relu", ["x"], ["y"]), helper.make_node("Tanh", ["x"], ["y"])]
    assert "made twice" in complaint(saved(model_of(nodes), tmp_path / "b.onnx"))
    nodes = [helper.make_node("Relu", ["x"], ["z"])]
    assert "nothing makes its output" in complaint(saved(model_of(nodes), tmp_path / "c.onnx"))


@pytest.mark.parametrize("operator", ["Sum", "Concat", "Add", "Conv", "Relu"])
def test_an_input_that_is_left_out(tmp_path: Path, operator: str) -> None:
    """ONNX Runtime would crash at it."""
    settings = {"axis": 1} if operator == "Concat" else {}
    taken = [""] if operator == "Relu" else ["x", ""]
    nodes = [helper.make_node(operator, taken, ["y"], **settings)]
    assert "lacks an input that it needs" in complaint(saved(model_of(nodes), tmp_path / "a.onnx"))


def test_an_optional_input_may_be_left_out(tmp_path: Path) -> None:
    nodes = [helper.make_node("Clip", ["x", "", "most"], ["y"], name="clip")]
    most = helper.make_tensor("most", TensorProto.FLOAT, [], [1.0])
    assert opened(saved(model_of(nodes, [most]), tmp_path / "a.onnx")).layer["clip"]


def test_a_function_that_calls_itself(tmp_path: Path) -> None:
    call = helper.make_node("F", ["a"], ["b"], domain="local")
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    function = helper.make_function("local", "F", ["a"], ["b"], [call], opsets)
    model = model_of(
        [helper.make_node("F", ["x"], ["y"], domain="local")],
        opsets=(("", 17), ("local", 1)),
        functions=[function],
    )
    assert "calls itself" in complaint(saved(model, tmp_path / "loop.onnx"))


def test_functions_that_multiply(tmp_path: Path) -> None:
    """A thousand million operators in a kilobyte: each function calls the next ten times."""
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    functions = []
    for level in range(9):
        inner = "Relu" if level == 8 else f"F{level + 1}"
        domain = "" if level == 8 else "local"
        names = ["a", *(f"t{n}" for n in range(9)), "b"]
        nodes = [
            helper.make_node(inner, [names[n]], [names[n + 1]], domain=domain) for n in range(10)
        ]
        functions.append(helper.make_function("local", f"F{level}", ["a"], ["b"], nodes, opsets))
    model = model_of(
        [helper.make_node("F0", ["x"], ["y"], domain="local")],
        opsets=(("", 17), ("local", 1)),
        functions=functions,
    )
    assert "too many" in complaint(saved(model, tmp_path / "laughs.onnx"))


def test_functions_are_written_out(tmp_path: Path) -> None:
    opsets = [helper.make_opsetid("", 17)]
    nodes = [helper.make_node("Relu", ["a"], ["t"]), helper.make_node("Tanh", ["t"], ["b"])]
    function = helper.make_function("local", "F", ["a"], ["b"], nodes, opsets)
    model = model_of(
        [helper.make_node("F", ["x"], ["y"], domain="local")],
        opsets=(("", 17), ("local", 1)),
        functions=[function],
    )
    network = opened(saved(model, tmp_path / "function.onnx"))
    assert [layer.node.op_type for layer in network.layers] == ["Relu", "Tanh"]


def test_graphs_in_graphs_without_end(tmp_path: Path) -> None:
    output = [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)]
    relu = helper.make_node("Relu", ["x"], ["z"])
    other = helper.make_graph([relu], "other", [], output)
    graph = other
    for _ in range(20):
        node = helper.make_node("If", ["yes"], ["z"], then_branch=graph, else_branch=other)
        graph = helper.make_graph([node], "outer", [], output)
    yes = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
    node = helper.make_node("If", ["yes"], ["y"], then_branch=graph, else_branch=other)
    assert "more than 16 deep" in complaint(saved(model_of([node], [yes]), tmp_path / "deep.onnx"))


def test_a_branch_is_one_layer(tmp_path: Path) -> None:
    output = [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)]
    inner = helper.make_graph([helper.make_node("Relu", ["c"], ["z"])], "inner", [], output)
    yes = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
    nodes = [
        helper.make_node("Tanh", ["x"], ["c"], name="tanh"),
        helper.make_node("If", ["yes"], ["y"], name="if", then_branch=inner, else_branch=inner),
    ]
    network = opened(saved(model_of(nodes, [yes]), tmp_path / "if.onnx"))
    assert network.layer["if"].data == ("c",)  # which only its branches take


def test_shapes_that_do_not_fit(tmp_path: Path) -> None:
    node = helper.make_node("Conv", ["x", "w"], ["y"])
    model = model_of([node], [weights("w", 4, 5, 3, 3)], output_shape=[1, 4, 14, 14])
    with contextlib.suppress(ExplorerError):  # ONNX's own rules may not mind; the runtime does
        opened(saved(model, tmp_path / "misfit.onnx"))


def test_names_that_would_confuse_are_made_harmless(tmp_path: Path) -> None:
    model = small_net()
    names = ["input", "a\nb\x1b[31m", "x" * 5000, "w[0-9]", "/block/block.0/op/Gemm"]
    for node, name in zip(model.graph.node, names, strict=True):
        node.name = name
    network = opened(saved(model, tmp_path / "names.onnx"))
    found = [layer.name for layer in network.layers]
    assert len(set(found)) == 5
    assert all(name.isprintable() and len(name) < 200 for name in found)
    assert not {"input", "output"} & set(found)
    assert found[-1] == "block.0.op"


def test_typed_values_count_as_raw_ones_do(tmp_path: Path) -> None:
    model = small_net()
    values = np.arange(4, dtype=np.float32)
    model.graph.initializer[1].CopyFrom(
        helper.make_tensor("b", TensorProto.FLOAT, [4], values.tolist())
    )
    assert opened(saved(model, tmp_path / "typed.onnx"))
    del model.graph.initializer[1].float_data[3:]
    assert "which are not there" in complaint(saved(model, tmp_path / "typed.onnx"))


def test_attributes_with_lies_are_found_too(tmp_path: Path) -> None:
    value = helper.make_tensor("v", TensorProto.FLOAT, [2], [1.0, 2.0])
    value.dims[0] = 500
    node = helper.make_node("Constant", [], ["k"])
    node.attribute.append(AttributeProto(name="value", type=AttributeProto.TENSOR, t=value))
    nodes = [node, helper.make_node("Add", ["x", "k"], ["y"])]
    assert "which are not there" in complaint(saved(model_of(nodes), tmp_path / "lie.onnx"))
