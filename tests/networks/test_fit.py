"""How files fit networks: torch's own words are the oracle, and guessing finds what was saved."""

import dataclasses
import time
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from cnn_explorer.errors import Cancelled, ExplorerError
from cnn_explorer.networks.build import build_empty, build_for_loading, build_random, resize_head
from cnn_explorer.networks.card import NetworkCard, Preprocessing
from cnn_explorer.networks.catalog import NETWORKS, card_of
from cnn_explorer.networks.fit import (
    MOST_CLASSES,
    compare,
    guess,
    heads,
    nearest,
)
from cnn_explorer.networks.weights import load_state, networks_for, open_network
from cnn_explorer.text import printable

State = dict[str, Tensor]

SMALL = Preprocessing("photo", 32, 32, (0.49, 0.48, 0.45), (0.2, 0.2, 0.2))


def cifar_card(name: str, title: str, parameters: int) -> NetworkCard:
    """A card of one of the networks of ``resnet_cifar``."""
    builder = f"cnn_explorer.networks.resnet_cifar:{name.replace('-', '_')}"
    return dataclasses.replace(
        card_of("resnet18"),
        name=name,
        title=title,
        builder=builder,
        parameters=parameters,
        classes="mnist",
        preprocessing=SMALL,
        weights=(),
    )


CIFAR = {
    card.name: card
    for card in (
        cifar_card("plain20", "Plain-20", 269_722),
        cifar_card("plain56", "Plain-56", 853_018),
        cifar_card("resnet20", "ResNet-20", 269_722),
        cifar_card("resnet32", "ResNet-32", 464_154),
        cifar_card("resnet44", "ResNet-44", 658_586),
        cifar_card("resnet56", "ResNet-56", 853_018),
        cifar_card("resnet20-b", "ResNet-20 (B)", 272_474),
        cifar_card("resnet20-c", "ResNet-20 (C)", 282_074),
    )
}
ALL = {**NETWORKS, **CIFAR}


def shapes_of(card: NetworkCard) -> State:
    """A network's tensors without any numbers."""
    return dict(build_empty(card).state_dict())


def names(cards: tuple[NetworkCard, ...]) -> list[str]:
    return [card.name for card in cards]


# --- tensor by tensor --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_a_network_fits_itself(name: str) -> None:
    report = compare(ALL[name], shapes_of(ALL[name]), "own.pth")
    assert report.fits
    assert report.classes is None
    assert report.share == 1
    assert {row.state for row in report.rows} == {"matched"}
    assert all(row.expected == row.found for row in report.rows)
    assert report.complaint == ""
    assert report.summary == (
        f"own.pth fits {ALL[name].title}: {len(report.rows):,} tensors match."
    )


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_torch_says_the_same(data: st.DataObject) -> None:
    """Tensors taken out, put in and bent at random: torch's `load_state_dict` is the oracle."""
    card = data.draw(st.sampled_from([card_of("lenet5"), CIFAR["resnet20"]]))
    model = build_for_loading(card)
    state = dict(model.state_dict())
    for name in data.draw(st.lists(st.sampled_from(sorted(state)), max_size=3, unique=True)):
        del state[name]
    for name in data.draw(st.lists(st.from_regex("[a-z]{1,8}", fullmatch=True), max_size=3)):
        state[f"extra.{name}"] = torch.zeros(2)
    bendable = sorted(name for name in state if state[name].ndim == 4)  # of no last layer
    some = st.lists(st.sampled_from(bendable), max_size=2, unique=True) if bendable else st.just([])
    bent = data.draw(some)
    for name in bent:
        state[name] = state[name][:, :, :1]

    report = compare(card, state)
    rows = {row.name: row for row in report.rows}
    absent = {row.name for row in report.rows if row.found is None}
    wrong = {row.name for row in report.rows if row.state == "wrong shape"}
    unexpected = [row.name for row in report.rows if row.state == "unexpected"]
    theirs = model.load_state_dict(
        {name: tensor for name, tensor in state.items() if name not in bent}, strict=False
    )
    # a file of no version, as a plain dict is, may lack counts of batches: torch takes it as old
    needed = {name for name in absent if not name.endswith("num_batches_tracked")}
    assert needed == set(theirs.missing_keys) - set(bent)
    assert unexpected == theirs.unexpected_keys
    assert wrong == set(bent)
    if bent:
        with pytest.raises(RuntimeError) as caught:
            model.load_state_dict(state, strict=False)
        assert all(f"size mismatch for {name}:" in str(caught.value) for name in bent)
    assert {row.state for row in report.rows if row.found is None} <= {"missing", "not needed"}
    assert all(rows[name].state == "not needed" for name in absent if "num_batches" in name)
    assert report.fits == (not needed and not unexpected and not bent)
    assert report.counts["missing"] == len(needed)
    assert (report.complaint == "") == report.fits


def test_a_report_tells_every_state() -> None:
    state = shapes_of(card_of("googlenet"))
    state = {name: tensor for name, tensor in state.items() if not name.startswith("aux")}
    state["fc.weight"], state["fc.bias"] = torch.zeros(7, 1024).half(), torch.zeros(7).half()
    report = compare(card_of("googlenet"), state, "seven.pth")
    assert report.fits
    assert report.classes == 7
    assert report.counts["resized"] == 2
    assert report.counts["not needed"] == 20
    assert report.counts["wrong type"] == 0
    assert report.rows[-1].name == "fc.bias"
    assert report.rows[-1].state == "resized"
    assert (report.rows[-1].expected, report.rows[-1].found) == ((1000,), (7,))
    assert report.rows[-1].dtype == "float16"
    assert report.summary == (
        "seven.pth fits GoogLeNet: 342 tensors match, and it tells 7 classes apart; 20 that no "
        "prediction uses are left aside."
    )

    state["conv1.conv.weight"] = torch.zeros(1)
    state["conv1.bn.bias"] = torch.zeros(64, dtype=torch.complex64)
    state["more"] = torch.zeros(2)
    del state["conv2.conv.weight"]
    report = compare(card_of("googlenet"), state, "broken.pth")
    assert not report.fits
    assert report.summary == (
        "broken.pth does not fit GoogLeNet: of its tensors 339 matched, 1 missing, 1 unexpected, "
        "1 wrong shape, 1 wrong type."
    )
    assert report.complaint == (
        "it lacks one weight (conv2.conv.weight) and it has one weight too many (more) and "
        "conv1.conv.weight is (1,), not (64, 3, 7, 7) and conv1.bn.bias is of type complex64"
    )
    assert report.share == pytest.approx(341 / 345)


def test_counts_of_batches_may_be_of_any_type() -> None:
    state = shapes_of(CIFAR["resnet20"])
    state["bn1.num_batches_tracked"] = torch.tensor(3.5)  # averaged with the rest
    assert compare(CIFAR["resnet20"], state).fits


def test_names_out_of_files_are_fit_to_be_shown() -> None:
    state = {**shapes_of(card_of("lenet5")), "a\nb\x1b[2J\u202e" + "x" * 999: torch.zeros(1)}
    report = compare(card_of("lenet5"), state, "odd\nname\x07.pth")
    assert report.rows[-1].name == "a\ufffdb\ufffd[2J\ufffd" + "x" * 192 + "..."
    assert report.file == "odd\ufffdname\ufffd.pth"
    assert printable("größe.pth") == "größe.pth"


def test_last_layers_are_found() -> None:
    found = {name: heads(shapes_of(card)) for name, card in ALL.items()}
    assert found["lenet5"] == ("classifier.fc5",)
    assert found["vgg16"] == ("classifier.6",)
    assert found["resnet18"] == ("fc",)
    assert found["squeezenet1_1"] == ("classifier.1",)
    assert found["densenet121"] == ("classifier",)
    assert found["googlenet"] == ("aux1.fc2", "aux2.fc2", "fc")
    assert found["resnet20-c"] == ("linear",)
    assert heads([]) == ()


# --- which network -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_every_network_is_guessed_from_its_own_tensors(name: str) -> None:
    state = shapes_of(ALL[name])
    found = guess(state, ALL)
    assert name in names(found)
    best = found[0]
    if best.name != name:  # another with the very same tensors
        theirs = shapes_of(best)
        assert {key: tensor.shape for key, tensor in theirs.items()} == {
            key: tensor.shape for key, tensor in state.items()
        }
        assert not best.name.startswith("plain")


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("classes", [2, 7, 1234])
def test_every_network_is_guessed_with_other_classes(name: str, classes: int) -> None:
    model = build_empty(ALL[name])
    head = heads(model.state_dict())[-1]
    if not isinstance(model.get_submodule(head), nn.Linear | nn.Conv2d):
        pytest.skip("its last layer is made for its classes alone")
    with torch.device("meta"):
        resize_head(model, head, classes)
    state = dict(sorted(model.state_dict().items()))  # as safetensors sorts them
    assert name in names(guess(state, ALL))
    assert compare(ALL[name], state).classes == classes


def test_twins_are_all_named_the_residual_one_first() -> None:
    state = shapes_of(CIFAR["plain20"])
    assert names(guess(state, CIFAR)) == ["resnet20", "plain20"]
    assert names(guess(state, {"plain20": CIFAR["plain20"]})) == ["plain20"]


def test_networks_that_torchvision_publishes_come_first() -> None:
    older = dataclasses.replace(card_of("resnet50"), name="resnet50-v1", weights=())
    networks = {"resnet50-v1": older, "resnet50": card_of("resnet50")}
    assert names(guess(shapes_of(older), networks)) == ["resnet50", "resnet50-v1"]


def test_as_many_classes_as_the_file_come_first() -> None:
    hundred = dataclasses.replace(
        CIFAR["resnet20"], name="resnet20-hundred", builder=f"{__name__}:resnet20_hundred"
    )
    networks = {"resnet20": CIFAR["resnet20"], hundred.name: hundred}
    assert names(guess(shapes_of(hundred), networks)) == ["resnet20-hundred", "resnet20"]
    assert names(guess(shapes_of(CIFAR["resnet20"]), networks)) == ["resnet20", hundred.name]


def resnet20_hundred() -> nn.Module:
    from cnn_explorer.networks.resnet_cifar import CifarResNet

    return CifarResNet(20, num_classes=100)


def test_what_fits_nothing_has_nearest_networks() -> None:
    state = shapes_of(CIFAR["resnet32"])
    del state["layer3.4.conv2.weight"]
    assert guess(state, ALL) == ()
    reports = nearest(state, ALL)
    assert len(reports) == 3
    assert reports[0].network.name == "resnet32"
    assert reports[0].share > 0.99
    assert [r.share for r in reports] == sorted((r.share for r in reports), reverse=True)
    assert nearest({"nothing": torch.zeros(3)}, ALL) == ()
    assert guess({}, ALL) == ()


def test_guessing_is_quick_and_can_be_stopped() -> None:
    state = shapes_of(card_of("resnet50"))
    guess(state)
    started = time.perf_counter()
    guess(state)
    assert time.perf_counter() - started < 0.5

    def stop(_: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        guess(state, checkpoint=stop)
    with pytest.raises(Cancelled):
        nearest(state, checkpoint=stop)


# --- files -------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=30)
@given(prefixes=st.lists(st.sampled_from(["module.", "_orig_mod."]), max_size=5))
def test_wrappers_prefixes_in_any_order(
    tmp_path_factory: pytest.TempPathFactory, prefixes: list[str]
) -> None:
    state = {"conv.weight": torch.zeros(1), "module_of_mine": torch.ones(2)}
    prefix = "".join(prefixes)
    file = tmp_path_factory.mktemp("prefixes") / "a.pth"
    torch.save({prefix + name: tensor for name, tensor in state.items()}, file)
    assert list(load_state(file)) == list(state)


def test_a_prefix_that_only_some_have_is_a_name(tmp_path: Path) -> None:
    state = {"module.a": torch.zeros(1), "b": torch.zeros(1)}
    torch.save(state, tmp_path / "a.pth")
    assert list(load_state(tmp_path / "a.pth")) == ["module.a", "b"]
    averaged = {"n_averaged": torch.tensor(3), "module.a": torch.zeros(1)}
    torch.save(averaged, tmp_path / "b.pth")
    assert list(load_state(tmp_path / "b.pth")) == ["a"]


@pytest.mark.parametrize("name", ["resnet20", "resnet32", "resnet44", "resnet56"])
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_the_public_checkpoints_form(
    tmp_path: Path, name: str, zipped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As github.com/akamaster/pytorch_resnet_cifar10 saves them: from a `DataParallel` on a
    graphics card, with the best precision beside them, and in 2018 not yet as a zip file."""
    monkeypatch.setattr(torch.serialization, "location_tag", lambda _: "cuda:0")
    card = CIFAR[name]
    model = build_random(card, seed=4)
    state = OrderedDict(
        (f"module.{key}", tensor)
        for key, tensor in model.state_dict().items()
        if zipped or not key.endswith("num_batches_tracked")
    )
    file = tmp_path / f"{name}-12fca82f.th"
    checkpoint = {"state_dict": state, "best_prec1": torch.tensor(91.73)}
    torch.save(checkpoint, file, _use_new_zipfile_serialization=zipped)
    assert networks_for(file, networks=ALL)[0] is card
    opened = open_network(card, file)
    assert opened.report is not None
    assert opened.report.counts["matched"] == len(state)
    ours, theirs = opened.model.state_dict(), model.state_dict()
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)


def published_forward(state: State, x: Tensor, blocks: int) -> Tensor:
    """What the public checkpoints' own program computes, from the tensors alone: option A pads
    a quarter of the new maps on either side."""

    def norm(name: str, x: Tensor) -> Tensor:
        parts = [state[f"{name}.{part}"] for part in ("running_mean", "running_var")]
        return F.batch_norm(x, *parts, state[f"{name}.weight"], state[f"{name}.bias"])

    x = F.relu(norm("bn1", F.conv2d(x, state["conv1.weight"], padding=1)))
    for stage, width in ((1, 16), (2, 32), (3, 64)):
        for block in range(blocks):
            name = f"layer{stage}.{block}"
            stride = 2 if stage > 1 and block == 0 else 1
            y = F.conv2d(x, state[f"{name}.conv1.weight"], stride=stride, padding=1)
            y = F.relu(norm(f"{name}.bn1", y))
            y = norm(f"{name}.bn2", F.conv2d(y, state[f"{name}.conv2.weight"], padding=1))
            if stride == 2:
                x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, width // 4, width // 4))
            x = F.relu(y + x)
    x = F.avg_pool2d(x, x.shape[3]).flatten(1)
    return F.linear(x, state["linear.weight"], state["linear.bias"])


@pytest.mark.parametrize(("name", "blocks"), [("resnet20", 3), ("resnet56", 9)])
def test_the_public_checkpoints_give_their_own_answers(
    tmp_path: Path, name: str, blocks: int
) -> None:
    generator = torch.Generator().manual_seed(0)
    state = build_random(CIFAR[name], seed=4).state_dict()
    for key, tensor in state.items():  # as if trained: no normalisation is the identity
        if key.endswith((".running_mean", ".bias")):
            tensor.normal_(std=0.1, generator=generator)
        elif key.endswith(".running_var"):
            tensor.uniform_(0.5, 1.5, generator=generator)
    file = tmp_path / f"{name}.th"
    torch.save({"state_dict": {f"module.{key}": t for key, t in state.items()}}, file)
    model = open_network(networks_for(file, networks=CIFAR)[0], file).model
    pictures = torch.randn(4, 3, 32, 32, generator=generator)
    with torch.inference_mode():
        theirs = published_forward(state, pictures, blocks)
        torch.testing.assert_close(model(pictures), theirs, atol=1e-4, rtol=1e-4)


def test_the_chosen_network_comes_first_where_it_fits(tmp_path: Path) -> None:
    torch.save(build_random(CIFAR["plain20"]).state_dict(), tmp_path / "a.pth")
    file = tmp_path / "a.pth"
    assert names(networks_for(file, CIFAR["plain20"], CIFAR)) == ["plain20", "resnet20"]
    assert names(networks_for(file, CIFAR["resnet20"], CIFAR)) == ["resnet20", "plain20"]
    assert names(networks_for(file, card_of("alexnet"), CIFAR)) == ["resnet20", "plain20"]


def test_a_file_that_fits_no_network_names_the_nearest(tmp_path: Path) -> None:
    state = build_random(card_of("lenet5")).state_dict()
    del state["classifier.fc4.bias"]
    file = tmp_path / "a.pth"
    torch.save(state, file)
    with pytest.raises(ExplorerError) as caught:
        networks_for(file)
    assert str(caught.value).startswith(
        f"{file} fits no network here: the nearest are LeNet-5 (lenet5, 90 % of its tensors)"
    )
    for first in ("lenet5", "squeezenet1_1"):  # the one chosen where it is near, else the nearest
        with pytest.raises(ExplorerError) as caught:
            networks_for(file, card_of(first))
        assert str(caught.value) == (
            f"{file} does not fit LeNet-5: it lacks one weight (classifier.fc4.bias); it fits no "
            "other network here."
        )
        assert "missing       classifier.fc4.bias" in caught.value.details
    torch.save({"x": torch.zeros(1)}, file)
    with pytest.raises(ExplorerError, match=r"fits no network here: no tensor is known\.$"):
        networks_for(file)


def test_real_squeezenet_weights_are_recognised(shared_data: Path) -> None:
    file = shared_data / "squeezenet1_1" / "squeezenet1_1.pth"
    if not file.is_file():
        pytest.skip("SqueezeNet's weights are not in ../shared/data")
    assert networks_for(file)[0].name == "squeezenet1_1"
    report = compare(card_of("squeezenet1_1"), load_state(file))
    assert {row.state for row in report.rows} == {"matched"}


def test_the_most_classes_are_more_than_anybody_has() -> None:
    assert MOST_CLASSES > 21_843
