"""Classes are found by name whatever the spelling, and never guessed."""

from pathlib import Path

import pytest

from cnn_explorer.networks.class_names import ClassIndex, class_key, matched_classes, normal_name
from cnn_explorer.networks.labels import class_names, numbered

IMAGENET = class_names("imagenet-1k")
CIFAR = class_names("cifar10")


@pytest.mark.parametrize(
    ("name", "normal"),
    [
        ("Great_White-Shark", "great white shark"),
        ("  café ", "cafe"),
        ("carpenter's kit", "carpenters kit"),
        ("Aeroplane", "airplane"),
        ("猫", "猫"),
        ("--", ""),
    ],
)
def test_spelling_does_not_matter(name: str, normal: str) -> None:
    assert normal_name(name) == normal


def test_a_key_holds_the_whole_name_and_its_synonyms() -> None:
    assert class_key("tabby, tabby_cat") == {"tabby tabby cat", "tabby", "tabby cat"}
    assert class_key("crane (bird)") == {"crane bird", "crane"}
    assert class_key("n02123045") == {"n02123045", "tabby"}
    assert class_key("n02123045_house_cat") == {"n02123045", "tabby", "house cat"}
    assert class_key("n99999999") == {"n99999999"}
    assert class_key("class 3") == class_key("") == frozenset()


@pytest.mark.parametrize(
    ("folder", "index"),
    [
        ("n02123045", 281),
        ("n03126707", 517),  # crane, the machine: told from the bird by its number alone
        ("n02012849_crane", 134),
        ("Egyptian_cat", 285),
        ("tabby, tabby cat", 281),
        ("crane", None),
        ("maillot", 638),
        ("maillot, tank suit", 639),
        ("airplane", None),  # "plane" is the carpenter's
        ("n99999999", None),
    ],
)
def test_classes_of_imagenet_are_found(folder: str, index: int | None) -> None:
    assert ClassIndex(IMAGENET).find(folder) == index


def test_every_class_finds_itself() -> None:
    index = ClassIndex(IMAGENET)
    assert [index.find(name) for name in IMAGENET] == list(range(1000))


def test_wordnets_numbers_are_those_of_the_photos(shared_data: Path) -> None:
    stems = sorted(path.stem for path in (shared_data / "imagenet_photos").glob("*.JPEG"))
    if not stems:
        pytest.skip("the photos of ImageNet's classes are not in ../shared/data")
    index = ClassIndex(IMAGENET)
    # one of every tenth class, in order
    assert [index.find(stem[:9]) for stem in stems] == list(range(0, 1000, 10))


def test_label_sets_are_matched_from_both_sides() -> None:
    pets = ("Cat", "dog", "aeroplane", "axolotl", "class 4")
    there = matched_classes(CIFAR, pets)
    assert dict(there) == {0: 2, 3: 0, 5: 1}
    assert dict(matched_classes(pets, CIFAR)) == {to: at for at, to in there.items()}
    assert dict(matched_classes(CIFAR, CIFAR)) == {at: at for at in range(10)}


def test_sets_that_share_nothing_say_so() -> None:
    assert not matched_classes(CIFAR, IMAGENET)
    assert not matched_classes(numbered(10), numbered(10))


def test_a_synonym_that_two_classes_share_matches_neither() -> None:
    assert not matched_classes(("crane",), IMAGENET)
    birds = ("jay, blue bird", "finch, blue bird")
    assert not matched_classes(birds, ("blue bird",))
    assert dict(matched_classes(birds, ("jay", "finches"))) == {0: 0}
