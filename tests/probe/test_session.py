"""Running networks: against plain forwards, and every way a run can end."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from cnn_explorer.errors import Cancelled, ExplorerError
from cnn_explorer.networks.build import build_random, randomise, resize_head
from cnn_explorer.networks.card import NetworkCard, Preprocessing
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.probe.capture import as_maps
from cnn_explorer.probe.results import ClassScore, PreparedInput
from cnn_explorer.probe.session import Session, ranked
from cnn_explorer.probe.source import source_of

PREPROCESSING = Preprocessing("photo", 8, 6, (0.5, 0.5), (1.0, 1.0))
CARD = NetworkCard(
    name="tiny", title="Tiny", family="LeNet", year=2000, authors="A", paper="P", url="u",
    builder="x:y", depth=1, parameters=0, macs=0, preprocessing=PREPROCESSING,
    classes="mnist", accuracy="",
)  # fmt: skip


class Tiny(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 3, bias=False)
        self.norm = nn.BatchNorm2d(3)
        self.relu = nn.ReLU(inplace=True)
        self.drop = nn.Dropout()
        self.idle = nn.Linear(1, 1)
        self.fc = nn.Linear(3 * 4 * 4, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.norm(self.conv(x)))
        return self.fc(self.drop(self.relu(x)).flatten(1))


@pytest.fixture
def session() -> Session:
    torch.manual_seed(1)
    model = Tiny().eval()
    return Session(CARD, model, False, "random (seed 1)", PREPROCESSING, ("a", "b", "c"))


@pytest.fixture
def prepared() -> PreparedInput:
    tensor = np.random.default_rng(0).normal(size=(2, 6, 6)).astype(np.float32)
    tensor.flags.writeable = False
    return PreparedInput(tensor, np.zeros((6, 6, 3), np.uint8), (0, 0, 6, 6), 0.0)


def logits(session: Session, prepared: PreparedInput) -> Tensor:
    with torch.no_grad():
        return session.model(torch.from_numpy(prepared.tensor.copy())[None])[0]


def assert_untouched(session: Session) -> None:
    for module in session.model.modules():
        assert not module.training
        assert not module._forward_hooks
        assert not module._forward_pre_hooks


def test_importing_the_module_imports_no_torch() -> None:
    code = (
        "import sys, cnn_explorer.probe.session, cnn_explorer.probe.capture, "
        "cnn_explorer.probe.source, cnn_explorer.probe.mosaic, cnn_explorer.probe.colormaps; "
        "print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "False"


def test_torch_comes_with_short_spins_unless_told_otherwise() -> None:
    code = (
        "import os, sys; from cnn_explorer.probe.runtime import import_torch; import_torch(); "
        "print('torch' in sys.modules, os.environ['GOMP_SPINCOUNT'])"
    )
    for told, expected in ({}, "10000"), ({"GOMP_SPINCOUNT": "7"}, "7"):
        environ = {name: value for name, value in os.environ.items() if name != "GOMP_SPINCOUNT"}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environ | told,
            capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        assert done.stdout.split() == ["True", expected]


def test_classes_are_the_softmax_most_likely_first(
    session: Session, prepared: PreparedInput
) -> None:
    result = session.run(prepared)
    expected = torch.softmax(logits(session, prepared).double(), 0).tolist()
    assert [score.index for score in result.classes] == sorted(
        range(4), key=lambda index: -expected[index]
    )
    for score in result.classes:
        assert score.probability == pytest.approx(expected[score.index], rel=1e-12)
    assert {score.index: score.name for score in result.classes} == {
        0: "a", 1: "b", 2: "c", 3: "class 3",
    }  # fmt: skip
    assert dict(result.activations) == {}
    assert result.forward_ms > 0
    assert_untouched(session)


def test_a_ranking_is_a_sequence_whose_scores_are_made_when_asked_for() -> None:
    ranking = ranked(np.log(np.array([0.2, 0.5, 0.3])), ("a", "b"))
    scores = (
        ClassScore(1, "b", pytest.approx(0.5)),
        ClassScore(2, "class 2", pytest.approx(0.3)),
        ClassScore(0, "a", pytest.approx(0.2)),
    )
    assert tuple(ranking) == scores
    assert (len(ranking), ranking[-1], ranking[1:]) == (3, scores[2], scores[1:])
    assert ranking == tuple(ranking)
    assert ranking != scores[:2]
    assert hash(ranking) == hash(tuple(ranking))
    with pytest.raises(IndexError):
        ranking[3]


def test_large_outputs_do_not_overflow(session: Session, prepared: PreparedInput) -> None:
    with torch.no_grad():
        session.model.fc.weight.zero_()
        session.model.fc.bias.copy_(torch.tensor([3e4, 3e4, -3e4, 0.0]))
    result = session.run(prepared)
    assert [score.probability for score in result.classes] == [0.5, 0.5, 0.0, 0.0]
    assert [score.index for score in result.classes] == [0, 1, 3, 2]


def test_activations_are_exact_although_a_layer_works_in_place(
    session: Session, prepared: PreparedInput
) -> None:
    model = session.model
    result = session.run(prepared, ["conv", "norm", "relu", "relu#2", "fc", "fc"])
    with torch.no_grad():
        conv = model.conv(torch.from_numpy(prepared.tensor.copy())[None])
        norm = model.norm(conv)
    assert np.array_equal(result.activations["conv"], conv[0].numpy())
    assert np.array_equal(result.activations["norm"], norm[0].numpy())
    assert result.activations["norm"].min() < 0
    for name in ("relu", "relu#2"):
        assert np.array_equal(result.activations[name], norm.relu()[0].numpy())
    assert np.array_equal(result.activations["fc"], logits(session, prepared).numpy())
    assert result.activations["fc"].shape == (4,)
    assert all(
        array.dtype == np.float32 and array.flags.c_contiguous and not array.flags.writeable
        for array in result.activations.values()
    )
    assert_untouched(session)


def test_what_is_overwritten_costs_a_second_forward_once(
    session: Session, prepared: PreparedInput
) -> None:
    forwards: list[object] = []
    session.model.fc.register_forward_hook(lambda *call: forwards.append(call))
    expected = [2, 1, 1, 2, 1]
    for layers, count in zip(
        (["norm", "fc"], ["norm"], ["norm", "conv"], ["norm", "relu", "drop"], ["relu", "norm"]),
        expected,
        strict=True,
    ):
        forwards.clear()
        session.run(prepared, layers)
        assert len(forwards) == count, layers


def test_capture_changes_no_answer(session: Session, prepared: PreparedInput) -> None:
    plain = session.run(prepared)
    captured = session.run(prepared, ["conv", "relu"], lambda _: None)
    assert plain.classes == captured.classes


def test_progress_grows_and_a_run_can_be_cancelled_half_way(
    session: Session, prepared: PreparedInput
) -> None:
    fractions: list[float] = []
    session.run(prepared, ["conv"], fractions.append)
    assert fractions == sorted(fractions)
    assert 0 < fractions[0] < fractions[-1] <= 1
    reached: list[float] = []

    def cancel(fraction: float) -> None:
        reached.append(fraction)
        if len(reached) == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        session.run(prepared, ["conv", "fc"], cancel)
    assert len(reached) == 2
    assert_untouched(session)
    assert session.run(prepared).classes


def test_deep_networks_report_at_some_places_only(prepared: PreparedInput) -> None:
    model = nn.Sequential(*(nn.ReLU() for _ in range(50)), nn.Flatten()).eval()
    session = Session(CARD, model, False, "", PREPROCESSING, ())
    fractions: list[float] = []
    session.run(prepared, (), fractions.append)
    assert fractions == [pytest.approx(n / 17) for n in range(1, 18)]


def test_layers_that_are_not_there_or_take_no_part(
    session: Session, prepared: PreparedInput
) -> None:
    with pytest.raises(ExplorerError, match=r"did you mean conv\?"):
        session.run(prepared, ["konv"])
    with pytest.raises(ExplorerError, match="took no part"):
        session.run(prepared, ["idle"])
    assert_untouched(session)


def test_answers_that_are_no_numbers_are_refused(session: Session, prepared: PreparedInput) -> None:
    with torch.no_grad():
        session.model.fc.bias[0] = float("nan")
    with pytest.raises(ExplorerError, match="not a number"):
        session.run(prepared, ["fc"])
    assert_untouched(session)


def test_an_input_of_another_network_is_refused(session: Session, prepared: PreparedInput) -> None:
    other = PreparedInput(prepared.tensor[:1], prepared.seen, prepared.crop, 0.0)
    with pytest.raises(ExplorerError, match="Tiny takes an input of 2 × 6 × 6"):
        session.run(other)


def test_a_model_left_in_training_is_put_right(session: Session, prepared: PreparedInput) -> None:
    expected = session.run(prepared).classes
    session.model.train()
    assert session.run(prepared).classes == expected
    assert int(session.model.norm.num_batches_tracked) == 0


def test_filters_are_read_only_views(session: Session) -> None:
    model = session.model
    conv = session.filters("conv")
    assert conv is not None
    assert conv.bias is None
    assert conv.weight.shape == (3, 2, 3, 3)
    assert conv.weight.ctypes.data == model.conv.weight.data_ptr()
    assert not conv.weight.flags.writeable
    norm = session.filters("norm")
    assert norm is not None
    assert norm.weight.tolist() == [1, 1, 1]
    assert norm.bias is not None
    fc = session.filters("fc#2")
    assert fc is not None
    assert fc.weight.shape == (4, 48)
    assert session.filters("relu") is None
    assert session.filters("") is None
    with pytest.raises(ExplorerError, match="no layer"):
        session.filters("nothing")


def test_sources() -> None:
    model = nn.Sequential(nn.Conv2d(1, 1, 1), Tiny())
    conv = source_of(model, "0")
    assert (conv.type_name, conv.origin) == ("Conv2d", "torch.nn.Conv2d")
    assert conv.code.startswith("class Conv2d(")
    assert conv.code.endswith("\n")
    assert source_of(model, "").type_name == "Sequential"
    own = source_of(model, "1")
    assert own.type_name == "Tiny"
    assert "self.drop = nn.Dropout()" in own.code
    assert own.origin.endswith("test_session.Tiny")
    made = type("Made", (nn.Module,), {"__module__": "nowhere"})
    without = source_of(nn.Sequential(made()), "0")
    assert without.code.startswith("# There is no source to show for nowhere.Made.")
    with pytest.raises(ExplorerError, match="no layer"):
        source_of(model, "2")


@pytest.mark.parametrize(
    ("given", "maps"),
    [
        ((5,), (5,)),
        ((8, 3, 3), (8, 3, 3)),
        ((8, 1, 1), (8, 1, 1)),
        ((3, 3, 8), (8, 3, 3)),  # Swin
        ((4, 9, 8), (8, 4, 9)),  # windows of positions, MaxViT
        ((9, 8), (8, 3, 3)),
        ((10, 8), (8, 3, 3)),  # a class token first
        ((7, 8), (8, 1, 7)),
        ((2, 8), (8, 1, 2)),
    ],
)
def test_features_come_first_in_maps(given: tuple[int, ...], maps: tuple[int, ...]) -> None:
    output = torch.arange(float(np.prod(given))).reshape(given)
    shown = as_maps(output[None])
    assert shown.shape == maps
    if given == (10, 8):
        assert torch.equal(shown[:, 0, 0], output[1])
    elif given[-1] == 8:
        assert torch.equal(shown[:, 0, 0], output.reshape(-1, 8)[0])


def test_a_persons_own_classes_are_named(tmp_path: Path) -> None:
    card = card_of("lenet5")
    model = build_random(card, seed=2)
    resize_head(model, "classifier.fc5", 3)
    randomise(model, seed=2)
    torch.save(model.state_dict(), tmp_path / "mine.pth")
    prepared = PreparedInput(
        np.zeros((1, 32, 32), np.float32), np.zeros((32, 32, 3), np.uint8), (0, 0, 32, 32), 0.0
    )
    session = Session.open(card, tmp_path / "mine.pth")
    assert session.class_names == ("class 0", "class 1", "class 2")
    assert "tells 3 classes apart" in session.note
    assert session.report is not None
    assert session.report.classes == 3
    result = session.run(prepared)
    assert sorted(score.name for score in result.classes) == ["class 0", "class 1", "class 2"]

    (tmp_path / "mine.txt").write_text("ant\nbee\ncat\n", "utf-8")
    session = Session.open(card, tmp_path / "mine.pth")
    assert session.note == ""
    names = {score.index: score.name for score in session.run(prepared).classes}
    assert names == {0: "ant", 1: "bee", 2: "cat"}


def test_a_version_of_the_weights_is_opened() -> None:
    session = Session.open(card_of("lenet5"), version="MNIST")
    assert (session.weights, session.trained, session.note) == ("MNIST", True, "")
    assert session.class_names == tuple("0123456789")
    with pytest.raises(ExplorerError, match=r'has no weights "V2": known are "MNIST"'):
        Session.open(card_of("lenet5"), version="V2")
    assert Session.open(card_of("zfnet")).report is None


@pytest.mark.parametrize(
    ("given", "maps"),
    [
        ((10, 1, 8), (8, 3, 3)),  # the batch second: inside attention
        ((4, 3, 9, 9), (12, 9, 9)),  # windows, heads, positions, positions
        ((4, 3, 9, 8), (8, 12, 9)),
        ((1, 3, 9, 9), (3, 9, 9)),
        ((), (1,)),
        ((5,), (5,)),
    ],
)
def test_attentions_tensors_are_maps_as_well_as_they_can(
    given: tuple[int, ...], maps: tuple[int, ...]
) -> None:
    assert as_maps(torch.zeros(given)).shape == maps
