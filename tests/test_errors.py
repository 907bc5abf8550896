"""How work tells how far it is."""

import pytest

from cnn_explorer.errors import no_checkpoint, part_of


def test_a_part_of_the_work_tells_its_share() -> None:
    heard: list[float] = []
    part = part_of(part_of(heard.append, 0.5, 0.5), 0.2, 0.4)
    part(0.0)
    part(1.0)
    part(9.0)
    assert heard == [pytest.approx(0.6), pytest.approx(0.8), 1.0]


def test_nobody_watches_a_part_of_what_nobody_watches() -> None:
    assert part_of(no_checkpoint, 0.2, 0.4) is no_checkpoint
