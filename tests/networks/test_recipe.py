"""The README's recipe for one more network, followed to the letter."""

import re
import sys
import textwrap
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from cnn_explorer.graph.extract import extract
from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.probe.results import PreparedInput
from cnn_explorer.probe.session import Session
from tests.networks.test_catalog import (
    test_card_agrees_with_its_module as check_numbers,
)
from tests.networks.test_catalog import (
    test_depth_counts_the_weights_along_the_longest_path as check_depth,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> NetworkCard:
    """The card of the README's example, its two files run as modules of the package."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    recipe = readme.partition("## Adding a network")[2].partition("\n## ")[0]
    blocks = re.findall(r"`(cnn_explorer/\S+\.py)`.*?```python\n(.*?)```", recipe, re.DOTALL)
    assert len(blocks) == 2
    for path, code in blocks:
        assert (ROOT / path).parent.is_dir()
        assert not (ROOT / path).exists(), "the example would overwrite a network"
        name = path.removesuffix(".py").replace("/", ".")
        module = ModuleType(name)
        exec(compile(textwrap.dedent(code), path, "exec"), module.__dict__)
        monkeypatch.setitem(sys.modules, name, module)
    lines = [line.strip() for _, code in blocks for line in code.splitlines() if line.strip()]
    assert len([line for line in lines if not line.startswith("from ")]) <= 10
    (made,) = module.CARDS
    assert isinstance(made, NetworkCard)
    return made


def test_the_example_keeps_what_its_card_promises(card: NetworkCard) -> None:
    check_numbers(card)
    check_depth(card)


def test_the_example_runs_and_is_drawn_as_any_other(card: NetworkCard) -> None:
    session = Session.open(card)
    assert not session.trained
    picture = np.zeros(card.preprocessing.input_shape, np.float32)
    seen = np.zeros((32, 32, 3), np.uint8)
    prepared = PreparedInput(picture, seen, crop=(0, 0, 32, 32), preprocess_ms=0.0)
    result = session.run(prepared, ["0.0"])
    assert len(result.classes) == 10
    assert result.activations["0.0"].shape == (8, 28, 28)
    graph = extract(session.model, card.preprocessing.input_shape, network=card.name)
    assert graph.parameters == card.parameters
    assert graph.macs == card.macs
