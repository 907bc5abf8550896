"""The class names: as many as outputs, no two alike, the ambiguous ones mended."""

import pytest

from cnn_explorer.errors import ExplorerError
from cnn_explorer.networks.labels import class_names
from cnn_explorer.networks.torchvision_models import import_torchvision

MENDED = {
    134: "crane (bird)",
    263: "Pembroke Welsh corgi",
    264: "Cardigan Welsh corgi",
    517: "crane (machine)",
    639: "maillot, tank suit",
}


@pytest.mark.parametrize(("label_set", "count"), [("imagenet-1k", 1000), ("mnist", 10)])
def test_names_are_complete_and_distinct(label_set: str, count: int) -> None:
    names = class_names(label_set)
    assert len(names) == count
    assert len({name.casefold() for name in names}) == count
    assert all(name and name == name.strip() for name in names)


def test_imagenet_names_are_torchvisions_but_for_the_mended() -> None:
    torchvision = import_torchvision()
    theirs = torchvision.models.ResNet50_Weights.IMAGENET1K_V1.meta["categories"]
    differing = {
        index: ours
        for index, (ours, other) in enumerate(zip(class_names("imagenet-1k"), theirs, strict=True))
        if ours != other
    }
    assert differing == MENDED


def test_digits_stand_for_themselves() -> None:
    assert class_names("mnist") == tuple("0123456789")


def test_an_unknown_set_is_one_sentence() -> None:
    with pytest.raises(ExplorerError, match="cannot be read"):
        class_names("imagenet-22k")
