"""Linear CKA against explicit matrices in double precision, and against its definition by sums over
distinct pictures."""

import itertools
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn

from cnn_explorer.errors import Cancelled, ExplorerError
from cnn_explorer.media.picture import Picture
from cnn_explorer.networks.card import NetworkCard, Preprocessing
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.probe import layer_outputs
from cnn_explorer.probe.onnx_export import export_onnx
from cnn_explorer.probe.onnx_session import OnnxSession
from cnn_explorer.probe.preprocess import prepare
from cnn_explorer.probe.session import Session
from cnn_explorer.probe.similarity import (
    HsicSums,
    Similarity,
    SoFar,
    gram,
    load_similarity,
    save_similarity,
    similarity,
    strongest,
)

Matrix = npt.NDArray[np.float64]
RNG = np.random.default_rng(7)


def pictures(count: int, side: int = 40) -> list[Picture]:
    """Smooth coloured blots, no two alike."""
    rng = np.random.default_rng(count)
    coarse = rng.integers(0, 256, (count, 5, 5, 3), dtype=np.uint8)
    return [
        Picture(np.ascontiguousarray(blot.repeat(side // 5, 0).repeat(side // 5, 1)), f"blot {n}")
        for n, blot in enumerate(coarse)
    ]


def explicit_hsic(k: Matrix, ell: Matrix) -> float:
    """Song et al. 2012, equation 5, written out."""
    n = len(k)
    k, ell = k - np.diag(np.diag(k)), ell - np.diag(np.diag(ell))
    one = np.ones(n)
    terms = (
        np.trace(k @ ell)
        + (one @ k @ one) * (one @ ell @ one) / ((n - 1) * (n - 2))
        - 2 / (n - 2) * (one @ k @ ell @ one)
    )
    return float(terms / (n * (n - 3)))


def hsic_by_definition(k: Matrix, ell: Matrix) -> float:
    """The U-statistic: means over pairs, triples and quadruples of distinct pictures."""
    n = len(k)

    def mean(size: int, term: object) -> float:
        places = itertools.permutations(range(n), size)
        return float(np.mean([term(*at) for at in places]))  # type: ignore[operator]

    return (
        mean(2, lambda i, j: k[i, j] * ell[i, j])
        + mean(4, lambda i, j, q, r: k[i, j] * ell[q, r])
        - 2 * mean(3, lambda i, j, q: k[i, j] * ell[i, q])
    )


def explicit_cka(rows: Sequence[tuple[Matrix, Matrix]]) -> float:
    """Of batches of two layers' outputs (n, values)."""
    grams = [(x @ x.T, y @ y.T) for x, y in rows]
    xy = sum(explicit_hsic(k, ell) for k, ell in grams)
    xx = sum(explicit_hsic(k, k) for k, _ in grams)
    yy = sum(explicit_hsic(ell, ell) for _, ell in grams)
    return float(xy / np.sqrt(xx * yy))


def cka_of(rows: Sequence[tuple[Matrix, Matrix]]) -> float:
    """The same by the program."""
    sums = HsicSums(1, 1)
    for x, y in rows:
        sums.add(gram(torch.from_numpy(x))[None], gram(torch.from_numpy(y))[None])
    return float(sums.cka()[0, 0])


def outputs(session: Session | OnnxSession, layer: str, shown: Sequence[Picture]) -> Matrix:
    """One layer's outputs, picture by picture, (n, values)."""
    return np.stack([
        session.run(prepare(one, session.preprocessing), [layer])
        .activations[layer].reshape(-1).astype(np.float64)
        for one in shown
    ])  # fmt: skip


def test_the_estimator_is_the_u_statistic() -> None:
    x, y = RNG.normal(size=(6, 9)), RNG.normal(size=(6, 4)) + 3
    k, ell = x @ x.T, y @ y.T
    expected = hsic_by_definition(k, ell)
    assert explicit_hsic(k, ell) == pytest.approx(expected, rel=1e-9)
    expected /= np.sqrt(hsic_by_definition(k, k) * hsic_by_definition(ell, ell))
    assert cka_of([(x, y)]) == pytest.approx(expected, rel=1e-9)


def test_minibatches_are_the_ratio_of_sums() -> None:
    rows = [(RNG.normal(size=(n, 30)), RNG.normal(size=(n, 12)) + 1) for n in (4, 8, 7)]
    mixed = [(x, y + x[:, :12]) for x, y in rows]
    assert cka_of(mixed) == pytest.approx(explicit_cka(mixed), abs=1e-10)


def test_neither_turning_nor_scaling_matters() -> None:
    x = RNG.normal(size=(10, 24)) + 5
    y = x[:, :6] + RNG.normal(size=(10, 6))
    turned = x @ np.linalg.qr(RNG.normal(size=(24, 24)))[0]
    assert cka_of([(x, x)]) == pytest.approx(1.0, abs=1e-12)
    assert cka_of([(x, 1e-6 * turned)]) == pytest.approx(1.0, abs=1e-9)
    assert cka_of([(turned * 1e5, y)]) == pytest.approx(cka_of([(x, y)]), abs=1e-9)


def test_unrelated_outputs_have_none_whatever_the_size_of_batches() -> None:
    rows = [(RNG.normal(size=(4, 200)), RNG.normal(size=(4, 300))) for _ in range(800)]
    assert abs(cka_of(rows)) < 0.05  # the biased estimator gives 0.9


def test_a_large_constant_in_float32_costs_no_digits() -> None:
    x = RNG.normal(size=(8, 500)).astype(np.float32) + np.float32(4096)
    y = RNG.normal(size=(8, 300)).astype(np.float32) + x[:, :300]
    centred = (x - 4096.0).astype(np.float64), y.astype(np.float64) - 4096
    assert cka_of([(x, y)]) == pytest.approx(explicit_cka([centred]), abs=1e-9)


def test_what_is_the_same_for_all_or_no_number_has_no_similarity() -> None:
    x = RNG.normal(size=(5, 8))
    assert np.isnan(cka_of([(x, np.full((5, 3), 0.1))]))
    near = np.full((5, 3), 1e6) + RNG.normal(size=(5, 3)) * 1e-3
    assert np.isnan(cka_of([(x, near)]))
    assert np.isnan(cka_of([(x, np.where(x > 0, np.inf, x))]))
    sums = HsicSums(2, 1)
    broken = np.stack([gram(torch.from_numpy(x)), np.full((5, 5), np.nan)])
    sums.add(broken, gram(torch.from_numpy(x))[None])
    assert sums.cka()[0, 0] == pytest.approx(1)
    assert np.isnan(sums.cka()[1, 0])


def test_chunks_of_a_wide_output_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    x = RNG.normal(size=(6, 1000))
    whole = gram(torch.from_numpy(x))
    monkeypatch.setattr("cnn_explorer.probe.similarity._COLUMNS", 77)
    np.testing.assert_allclose(gram(torch.from_numpy(x)), whole, rtol=1e-12, atol=1e-9)
    centred = x - x.mean(0)
    np.testing.assert_allclose(whole, centred @ centred.T, rtol=1e-12, atol=1e-9)


# --- real networks -------------------------------------------------------------------------------

LAYERS_A = ("conv1", "layer2.0.add", "layer3.2.conv2", "linear")
LAYERS_B = ("conv1", "layer1.0.conv2", "layer3.2.relu2", "linear")


def test_two_networks_against_the_full_batch_reference() -> None:
    a, b = Session.open(card_of("resnet20")), Session.open(card_of("plain20"))
    shown = pictures(11)
    heard: list[float] = []
    found = similarity(a, b, LAYERS_A, LAYERS_B, shown, heard.append, count=11, batch=11)
    assert (found.layers_a, found.layers_b) == (LAYERS_A, LAYERS_B)
    assert (found.pictures, found.batch) == (11, 11)
    expected = [
        [explicit_cka([(outputs(a, one, shown), outputs(b, other, shown))]) for other in LAYERS_B]
        for one in LAYERS_A
    ]
    np.testing.assert_allclose(found.values, expected, atol=1e-4)
    assert heard == sorted(heard)
    assert heard[-1] == 1.0
    assert len(heard) > 20


def test_minibatches_of_a_network_with_itself() -> None:
    session = Session.open(card_of("resnet20"))
    shown = pictures(14)
    layers = ("conv1", "layer2.0.add", "avgpool")
    found = similarity(session, session, layers, layers, iter(shown), count=14, batch=6)
    np.testing.assert_allclose(np.diag(found.values), 1, atol=1e-12)
    np.testing.assert_allclose(found.values, found.values.T, atol=1e-12)
    x, y = (outputs(session, layer, shown) for layer in layers[:2])
    parts = (slice(0, 6), slice(6, 14))  # two pictures are too few for a batch of their own
    expected = explicit_cka([(x[part], y[part]) for part in parts])
    assert found.values[0, 1] == pytest.approx(expected, abs=1e-4)


def test_networks_with_different_inputs_and_an_onnx_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = Session.open(card_of("resnet20"))
    export_onnx(Session.open(card_of("lenet5")), tmp_path / "lenet.onnx")
    b = OnnxSession.open(tmp_path / "lenet.onnx")
    layers_b = tuple(layer.name for layer in b.network.layers if layer.output)
    shown = pictures(6)
    found = similarity(a, b, ("linear",), layers_b, shown, count=6)
    assert found.layers_b == layers_b
    x = outputs(a, "linear", shown)
    expected = [explicit_cka([(x, outputs(b, layer, shown))]) for layer in layers_b]
    np.testing.assert_allclose(found.values, [expected], atol=1e-4)
    monkeypatch.setattr(layer_outputs, "BATCH_BYTES", 1 << 14)
    few = similarity(a, b, ("linear",), layers_b, shown, count=6)
    np.testing.assert_array_equal(few.values, found.values)


CARD = NetworkCard(
    name="tiny", title="Tiny", family="LeNet", year=2000, authors="A", paper="P", url="u",
    builder="x:y", depth=1, parameters=0, macs=0, classes="mnist", accuracy="",
    preprocessing=Preprocessing("photo", 8, 8, (0.5, 0.5, 0.5), (1.0, 1.0, 1.0)),
)  # fmt: skip


class Tiny(nn.Module):
    """Works in place, and has a layer whose output is not one for each picture."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.relu = nn.ReLU(inplace=True)
        self.mixed = nn.Identity()
        self.dead = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.conv(x))
        self.mixed(x.flatten(1).sum(0))
        self.dead(x * 0)
        return x.flatten(1)


def tiny() -> Session:
    torch.manual_seed(0)
    return Session(CARD, Tiny().eval(), False, "by hand", CARD.preprocessing, ())


def test_outputs_are_read_before_they_are_overwritten() -> None:
    session = tiny()
    found = similarity(
        session, session, ("conv", "relu", "mixed", "dead"), ("conv",), pictures(8), count=8
    )
    assert found.layers_a == ("conv", "relu", "dead")
    assert found.values[0, 0] == pytest.approx(1)
    assert found.values[1, 0] < 0.999
    assert np.isnan(found.values[2, 0])
    assert strongest(found) == (0, 0, None)
    assert not any(module._forward_hooks for module in session.model.modules())


def test_too_few_pictures_are_one_sentence() -> None:
    session = tiny()
    with pytest.raises(ExplorerError, match="at least 4 pictures a batch, not 3"):
        similarity(session, session, ("conv",), ("conv",), pictures(9), count=9, batch=3)
    with pytest.raises(ExplorerError, match="at least 4 pictures"):
        similarity(session, session, ("conv",), ("conv",), pictures(3), count=3)
    with pytest.raises(ExplorerError, match='no layer "nothing"'):
        similarity(session, session, ("nothing",), ("conv",), pictures(4), count=4)
    with pytest.raises(ExplorerError, match="none of the layers of Tiny"):
        similarity(session, session, ("mixed",), ("conv",), pictures(4), count=4)


def test_it_can_be_cancelled_half_way() -> None:
    session = tiny()

    def stop(fraction: float) -> None:
        if fraction > 0.6:
            raise Cancelled

    with pytest.raises(Cancelled):
        similarity(session, session, ("conv",), ("conv",), pictures(24), stop, count=24)
    assert not any(module._forward_hooks for module in session.model.modules())


def test_what_was_cancelled_goes_on_and_comes_to_the_same() -> None:
    session, shown = tiny(), pictures(26)
    layers = ("conv", "relu")
    whole = similarity(session, tiny(), layers, layers, shown, count=26)
    so_far = SoFar()

    def stopping(fraction: float) -> None:
        if fraction > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        similarity(session, tiny(), layers, layers, shown, stopping, count=26, so_far=so_far)
    assert so_far.pictures in (8, 16)
    left = shown[so_far.pictures :]
    again = similarity(session, tiny(), layers, layers, left, count=26, so_far=so_far)
    assert again.pictures == 26
    assert np.array_equal(again.values, whole.values, equal_nan=True)


def test_kept_and_read_again(tmp_path: Path) -> None:
    values = np.array([[1.0, np.nan], [0.25, -0.01], [0.5, 0.75]])
    found = Similarity(("a", "b#2", "ä"), ("x", "y"), values, 100, 8, "AlexNet", "ResNet-18")
    path = tmp_path / "cka.npz"
    save_similarity(path, found)
    again = load_similarity(path)
    np.testing.assert_array_equal(again.values, values)
    assert vars(again) | {"values": 0} == vars(found) | {"values": 0}
    with np.load(path, allow_pickle=False) as file:
        assert sorted(file.files) == [
            "batch", "layers_a", "layers_b", "network_a", "network_b", "pictures", "values",
        ]  # fmt: skip


@pytest.mark.parametrize("content", [b"", b"nothing", b"PK\x03\x04"])
def test_other_files_are_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cka.npz"
    path.write_bytes(content)
    with pytest.raises(ExplorerError, match="holds no similarity"):
        load_similarity(path)
    with pytest.raises(ExplorerError, match="there is no file"):
        load_similarity(tmp_path / "other.npz")
    np.savez(path, values=np.zeros((2, 2)), layers_a=np.array(["a"]), layers_b=np.array(["b"]))
    with pytest.raises(ExplorerError, match="holds no similarity"):
        load_similarity(path)


MEASURE = """
import sys
from pathlib import Path
import numpy as np
from cnn_explorer.media.picture import Picture
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.probe.capture import can_be_captured
from cnn_explorer.probe.session import Session
from cnn_explorer.probe.similarity import similarity

count = int(sys.argv[1])
a, b = (Session.open(card_of(name), version="random") for name in ("alexnet", "resnet18"))
names = [[n for n, m in s.model.named_modules() if n and not any(m.children())] for s in (a, b)]
rng = np.random.default_rng(0)
shown = (Picture(rng.integers(0, 256, (300, 400, 3), dtype=np.uint8), "x") for _ in range(count))
found = similarity(a, b, *names, shown, count=count)
# not getrusage: that begins with what the process had that started this one
status = Path("/proc/self/status").read_text().splitlines()
print(found.values.shape, next(line.split()[1] for line in status if line.startswith("VmHWM:")))
"""


def test_alexnet_and_resnet_18_keep_memory_under_two_gigabytes() -> None:
    """The peak is that of one batch: of earlier ones sums of 21 x 60 numbers are kept."""
    if sys.platform != "linux":
        pytest.skip("the size of a process is told in other units here")
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, "12"], capture_output=True, text=True, check=True
    )
    assert int(done.stdout.split()[-1]) < 2 * 1024**2, done.stdout  # kilobytes
