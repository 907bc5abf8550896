"""The sample pictures are there, small, and known by their licence."""

import pytest

from cnn_explorer.media.decode import decode_file
from cnn_explorer.media.samples import Sample, samples
from cnn_explorer.paths import resource

SAMPLES = samples()


def test_there_are_photos_and_digits() -> None:
    assert [sample.name for sample in SAMPLES] == [
        "cat", "coffee", "rocket", "astronaut",
        "digit-2", "digit-3", "digit-5", "digit-7", "digit-8",
    ]  # fmt: skip


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_each_opens_and_is_small(sample: Sample) -> None:
    picture = decode_file(sample.path)
    assert picture.note == ""
    assert sample.path.stat().st_size < 120_000
    assert max(picture.width, picture.height) <= 640
    if sample.kind == "digit":
        assert (picture.width, picture.height) == (280, 280)


def test_every_file_has_its_licence() -> None:
    page = resource("samples", "README.md").read_text("utf-8")
    for sample in SAMPLES:
        assert f"`{sample.path.name}`" in page
    files = {path.name for path in resource("samples").iterdir()}
    assert files == {sample.path.name for sample in SAMPLES} | {"README.md"}
