"""Exact and fast: what each is, that it is told, and that fast leaves the network as it is."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from cnn_explorer.errors import Cancelled, ExplorerError
from cnn_explorer.media.decode import decode_file
from cnn_explorer.networks import quickest as measuring
from cnn_explorer.networks.build import build_random
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.networks.quickest import quickest
from cnn_explorer.paths import resource
from cnn_explorer.probe import precision
from cnn_explorer.probe.precision import BFLOAT16, EXACT, FLOAT32, FUSED, FastForm, converted
from cnn_explorer.probe.preprocess import prepare
from cnn_explorer.probe.results import PreparedInput
from cnn_explorer.probe.session import Session
from tests.probe.test_session import CARD, PREPROCESSING, Tiny

known_bfloat16 = pytest.mark.skipif(
    not precision.bfloat16_is_known(), reason="this processor does not compute in bfloat16"
)


class Clock:
    """Time that passes only when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(measuring, "time", clock)
    return clock


def finding(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """Let measuring find this form the quickest."""
    monkeypatch.setattr(measuring, "quickest", lambda ways, **_: [work() for work in ways.values()]
                        and how)  # fmt: skip


def picture_for(session: Session) -> PreparedInput:
    return prepare(decode_file(resource("samples", "photo-cat.jpg")), session.preprocessing)


def state_of(model: nn.Module) -> dict[str, tuple[bytes, bool]]:
    """Every value of a network, bit by bit, and whether each module trains."""
    tensors = dict(model.named_parameters()) | dict(model.named_buffers())
    state = {name: (t.detach().numpy().tobytes(), t.requires_grad) for name, t in tensors.items()}
    return state | {f"{name}/": (b"", module.training) for name, module in model.named_modules()}


# measuring


@pytest.mark.parametrize(
    ("seconds", "best"),
    [
        ({"a": 10, "b": 8, "c": 9}, "b"),
        ({"a": 10, "b": 9.5, "c": 9.2}, "a"),  # not by a tenth: that may be noise
        ({"a": 10, "b": 11, "c": 12}, "a"),
        ({"a": 10, "b": 1, "c": 0.5}, "c"),
    ],
)
def test_the_quickest_way_wins_by_a_tenth(
    clock: Clock, seconds: dict[str, float], best: str
) -> None:
    done: list[str] = []

    def work(name: str) -> None:
        done.append(name)
        # the first of each is slow and does not count
        clock.pass_(1000 if done.count(name) == 1 else seconds[name])

    ways = {name: (lambda name=name: work(name)) for name in seconds}
    assert quickest(ways) == best
    assert done == list(seconds) * 4  # in turn


def test_one_interruption_moves_no_measurement(clock: Clock) -> None:
    taken = iter([0, 0, 10, 5, 10, 500, 10, 5])
    assert quickest(dict.fromkeys("ab", lambda: clock.pass_(next(taken)))) == "b"


def test_measuring_can_be_stopped_between_forwards(clock: Clock) -> None:
    fractions: list[float] = []

    def stop(fraction: float) -> None:
        fractions.append(fraction)
        if len(fractions) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        quickest({"a": clock.now.hex, "b": clock.now.hex}, checkpoint=stop)
    assert fractions == [0, 1 / 8, 2 / 8]


# forms


def test_a_converted_copy_shares_what_needs_no_conversion() -> None:
    model = build_random(card_of("squeezenet1_1"), seed=0).eval()
    model.fc = nn.Linear(4, 2).eval()
    model.register_buffer("count", torch.tensor(3))
    before = state_of(model)
    copy = converted(model, FLOAT32)
    pairs = list(zip(model.named_parameters(), copy.parameters(), strict=True))
    for (name, mine), other in pairs:
        assert torch.equal(mine, other), name
        shared = other.data_ptr() == mine.data_ptr()
        assert shared == (mine.dim() != 4 or mine[0, 0].numel() == 1), name
        if mine.dim() == 4:
            assert other.is_contiguous(memory_format=torch.channels_last)
    half = converted(model, BFLOAT16)
    assert {p.dtype for p in half.parameters()} == {torch.bfloat16}
    assert half.count.dtype == torch.int64
    half.count += 1
    copy.count += 1
    assert state_of(model) == before


@pytest.mark.parametrize("how", [FLOAT32, pytest.param(FUSED, marks=known_bfloat16)])
@pytest.mark.parametrize("name", ["squeezenet1_1", "googlenet", "resnet18", "densenet121"])
def test_fast_runs_are_near_and_leave_the_network_as_it_is(
    monkeypatch: pytest.MonkeyPatch, name: str, how: str
) -> None:
    finding(monkeypatch, how)
    session = Session.open(card_of(name), version="random")
    prepared = picture_for(session)
    before = state_of(session.model)
    layers = [next(n for n, m in session.model.named_modules() if isinstance(m, nn.Conv2d))]
    exact = session.run(prepared, layers)
    fast = session.run(prepared, layers, thumbnails_of=layers, precision="fast")
    assert exact.arithmetic == EXACT
    assert (fast.arithmetic.precision, fast.arithmetic.how) == ("fast", how)
    assert fast.arithmetic.note == ""
    near = 1e-4 if how == FLOAT32 else 0.02
    for layer in layers:
        mine, other = fast.activations[layer], exact.activations[layer]
        assert mine.shape == other.shape
        assert mine.dtype == np.float32
        assert mine.flags.c_contiguous
        assert not mine.flags.writeable
        assert np.abs(mine - other).max() <= near * np.abs(other).max()
        assert fast.thumbnails[layer].mean == pytest.approx(mine.mean(), rel=1e-3, abs=1e-4)
    assert state_of(session.model) == before
    for module in session.model.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks


def test_exact_is_a_plain_forward_bit_by_bit_before_and_after_fast() -> None:
    session = Session.open(card_of("squeezenet1_1"), version="random")
    prepared = picture_for(session)
    plain: dict[str, np.ndarray] = {}
    for name in ("features.0", "features.4.expand3x3", "classifier.1"):
        module = session.model.get_submodule(name)
        module.register_forward_hook(
            lambda _m, _i, output, name=name: plain.__setitem__(name, output[0].numpy().copy())
        )
    with torch.no_grad():
        session.model(torch.from_numpy(prepared.tensor.copy())[None])
    for module in session.model.modules():
        module._forward_hooks.clear()
    for _ in range(2):
        exact = session.run(prepared, list(plain))
        for name, values in plain.items():
            assert np.array_equal(exact.activations[name], values), name
        session.run(prepared, list(plain), precision="fast")
    assert session.filters("features.0").weight.dtype == np.float32  # type: ignore[union-attr]


def test_what_is_quickest_is_measured_once_and_the_copy_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    measured: list[set[str]] = []

    def found(ways: dict[str, object], **_: object) -> str:
        measured.append(set(ways))
        return FLOAT32

    monkeypatch.setattr(measuring, "quickest", found)
    fast = FastForm(nn.Conv2d(3, 4, 3).eval(), "One", (3, 8, 8))
    first = fast.get()
    assert fast.get() is first
    fast.drop()
    assert fast._form is None
    again = fast.get()
    assert again is not first
    assert again.arithmetic == first.arithmetic
    assert len(measured) == 1
    known = {EXACT.how, FLOAT32} | ({FUSED} if precision.bfloat16_is_known() else set())
    assert measured[0] == known


def test_a_copy_that_has_no_room_any_more_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    finding(monkeypatch, FLOAT32)
    session = Session.open(card_of("squeezenet1_1"), version="random")
    prepared = picture_for(session)
    assert session.run(prepared, precision="fast").arithmetic.precision == "fast"
    exact = session.run(prepared)

    def full(*_: object) -> None:
        raise RuntimeError("not enough memory")

    monkeypatch.setattr(precision, "converted", full)
    again = session.run(prepared, precision="fast")
    assert again.classes == exact.classes
    assert again.arithmetic.note.endswith("cannot be run in float32: not enough memory.")


def test_where_exact_is_the_fastest_fast_is_exact_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    finding(monkeypatch, EXACT.how)
    session = Session.open(card_of("lenet5"))
    prepared = prepare(decode_file(resource("samples", "digit-7.png")), session.preprocessing)
    fast = session.run(prepared, precision="fast")
    assert fast.arithmetic.precision == "exact"
    assert fast.arithmetic.note == "Exact is the fastest for LeNet-5 on this computer."
    assert fast.classes == session.run(prepared).classes
    assert session.run(prepared, precision="fast").arithmetic == fast.arithmetic


def test_bfloat16_is_left_out_where_the_processor_does_not_know_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(precision, "bfloat16_is_known", lambda: False)
    seen: list[str] = []
    monkeypatch.setattr(measuring, "quickest", lambda ways, **_: seen.extend(ways) or FLOAT32)
    FastForm(nn.Conv2d(3, 4, 3).eval(), "One", (3, 8, 8)).get()
    assert seen == [EXACT.how, FLOAT32]


class Picky(Tiny):
    """Makes a number of its own on the way, and works with float32 alone."""

    def forward(self, x: Tensor) -> Tensor:
        if x.dtype != torch.float32 and not self.lenient:
            raise RuntimeError("expected scalar type Float but found BFloat16")
        return super().forward(x)

    lenient = False


@known_bfloat16
@pytest.mark.parametrize("while_measuring", [True, False])
def test_a_network_that_fails_in_bfloat16_runs_exactly_and_says_why(
    monkeypatch: pytest.MonkeyPatch, while_measuring: bool
) -> None:
    finding(monkeypatch, FUSED)
    session = Session(CARD, Picky().eval(), False, "", PREPROCESSING, ())
    session.model.lenient = not while_measuring
    values = np.random.default_rng(0).normal(size=(2, 6, 6)).astype(np.float32)
    prepared = PreparedInput(values, np.zeros((6, 6, 3), np.uint8), (0, 0, 6, 6), 0.0)
    if not while_measuring:
        assert session.run(prepared, precision="fast").arithmetic.how == FUSED
        session._fast.get().model.lenient = False  # it fails on a picture alone
    exact = Session(CARD, session.model, False, "", PREPROCESSING, ()).run(prepared, ["conv"])
    for _ in range(2):
        result = session.run(prepared, ["conv"], precision="fast")
        assert result.classes == exact.classes
        assert np.array_equal(result.activations["conv"], exact.activations["conv"])
        assert (result.arithmetic.precision, result.arithmetic.how) == ("exact", "float32")
        note = result.arithmetic.note
        assert note.startswith("Tiny runs exactly, since it cannot be run in bfloat16: ")
        assert note.endswith("expected scalar type Float but found BFloat16.")


def test_a_layer_that_is_not_there_makes_fast_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    finding(monkeypatch, FLOAT32)
    session = Session.open(card_of("squeezenet1_1"), version="random")
    prepared = picture_for(session)
    with pytest.raises(ExplorerError, match="there is no layer"):
        session.run(prepared, ["nothing"], precision="fast")
    assert session.run(prepared, precision="fast").arithmetic.precision == "fast"


def test_cancelling_while_measuring_leaves_everything_as_it_was() -> None:
    session = Session.open(card_of("squeezenet1_1"), version="random")
    prepared = picture_for(session)
    before = state_of(session.model)

    def stop(_fraction: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        session.run(prepared, (), stop, precision="fast")
    assert session._fast._form is None
    assert state_of(session.model) == before
    assert session.run(prepared, precision="fast").arithmetic.how


def test_fast_agrees_with_exact_on_photos(
    monkeypatch: pytest.MonkeyPatch, shared_data: Path
) -> None:
    how = FUSED if precision.bfloat16_is_known() else FLOAT32
    finding(monkeypatch, how)
    weights = shared_data / "squeezenet1_1" / "squeezenet1_1.pth"
    session = Session.open(card_of("squeezenet1_1"), weights)
    photos = [
        prepare(decode_file(path), session.preprocessing)
        for path in sorted((shared_data / "imagenet_photos").glob("*.JPEG"))
    ]
    fast = [session.run(photo, precision="fast") for photo in photos]
    exact = [session.run(photo) for photo in photos]
    assert {result.arithmetic.how for result in fast} == {how}
    same = [a.classes[0].index == b.classes[0].index for a, b in zip(fast, exact, strict=True)]
    assert len(same) == 100
    assert sum(same) >= 98
