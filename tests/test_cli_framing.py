"""Pictures framed by the command line."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnn_explorer.cli import main
from cnn_explorer.media.decode import decode_file
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.paths import resource
from cnn_explorer.probe.framing import Framing
from cnn_explorer.probe.preprocess import prepare
from cnn_explorer.probe.session import Session

CAT = str(resource("samples", "photo-cat.jpg"))  # 451 x 300
WITH = ("--network", "resnet20")


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 0
    return capsys.readouterr().out


def classified(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    answers = json.loads(told(capsys, "classify", CAT, *WITH, "--json", *arguments))
    assert len(answers) == 1
    answer: dict[str, Any] = answers[0]
    return answer


def test_classify_says_how_it_framed(capsys: pytest.CaptureFixture[str]) -> None:
    plain = classified(capsys)
    assert plain["framing"]["fit"] == "crop"
    assert not plain["framing"]["own_region"]
    assert plain["framing"]["crop"][2:] == pytest.approx([300, 300], abs=5)
    region = classified(capsys, "--fit", "squash", "--region", "10,20,200,100")
    assert region["framing"] == {"fit": "squash", "own_region": True, "crop": [10, 20, 200, 100]}
    card = card_of("resnet20")
    framing = Framing("squash").with_pixels((10, 20, 200, 100), 451, 300)
    expected = Session.open(card).run(prepare(decode_file(Path(CAT)), card.preprocessing, framing))
    assert region["classes"][0]["probability"] == pytest.approx(
        expected.classes[0].probability, rel=1e-4
    )
    text = told(capsys, "classify", CAT, *WITH, "--fit", "pad")
    assert "  Padded: these weights expect the centre crop.\n" in text


def test_activations_are_of_the_framing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "maps.npy"
    said = told(
        capsys, "activations", CAT, *WITH, "--layer", "conv1", "-o", str(file),
        "--region", "0,0,90,90",
    )  # fmt: skip
    assert "Own crop: these weights expect the centre crop." in said
    card = card_of("resnet20")
    framing = Framing().with_pixels((0, 0, 90, 90), 451, 300)
    prepared = prepare(decode_file(Path(CAT)), card.preprocessing, framing)
    expected = Session.open(card).run(prepared, ["conv1"]).activations["conv1"]
    np.testing.assert_allclose(np.load(file), expected, atol=1e-5)


def test_networks_are_compared_on_the_same_region(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "compared.json"
    said = told(
        capsys, "compare", CAT, "--networks", "resnet20,plain20", "--rows", "1", "-o", str(file),
        "--fit", "pad", "--region", "100,0,200,300",
    )  # fmt: skip
    assert said.count("Padded: these weights expect the centre crop.") == 2
    for network in json.loads(file.read_text("utf-8"))["networks"]:
        assert network["crop"] == [100, 0, 200, 300]
        assert network["framing"]["warning"].startswith("Padded:")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--region", "0,0,90,80"), "a crop is a square"),
        (("--fit", "pad", "--region", "300,0,152,80"), "reaches beyond photo-cat.jpg"),
        (("--region", "0,0,90"), "is not four whole numbers"),
        (("--region", "0,0,0,0"), "one pixel at least"),
        (("--fit", "warp"), "invalid choice"),
    ],
)
def test_what_cannot_be_framed(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
) -> None:
    try:
        code = main(("classify", CAT, *WITH, *arguments))
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    assert code
    assert sentence in capsys.readouterr().err


def test_a_folder_is_answered_as_trained(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code = main(("compare", str(tmp_path), "--networks", "resnet20,plain20", "--fit", "pad"))
    assert code
    assert "are for one picture" in capsys.readouterr().err
