"""Frames with answers on them: their sizes, bars as long as shares, and frames of other shapes."""

import numpy as np
import pytest

from cnn_explorer.probe.annotated import _ACCENT, annotated, annotated_size
from cnn_explorer.probe.results import ClassScore


@pytest.mark.parametrize(
    ("frame", "size"),
    [
        ((640, 480), (640, 480)), ((641, 361), (641, 361)), ((28, 28), (364, 364)),
        ((320, 240), (480, 360)), ((1, 1), (360, 360)),
    ],
)  # fmt: skip
def test_small_frames_are_enlarged(frame: tuple[int, int], size: tuple[int, int]) -> None:
    assert annotated_size(*frame) == size


def bar_length(share: float) -> int:
    rows = [ClassScore(0, "cat", share), ClassScore(1, "a" * 300 + "\n", share / 2)]
    frame = np.zeros((360, 360, 3), np.uint8)
    drawn = annotated(frame, (360, 360), title="LeNet-5", rows=rows, said="forward 1.0 ms")
    return int((drawn == _ACCENT).all(axis=2).sum(axis=1).max())


def test_bars_are_as_long_as_shares() -> None:
    whole = bar_length(1.0)
    assert 230 <= whole <= 260
    assert bar_length(0.5) == pytest.approx(whole / 2, abs=2)
    assert bar_length(0.0) == 0


def test_a_frame_of_another_shape_stands_on_black() -> None:
    """A camera may change its resolution, a video file has one."""
    frame = np.full((100, 400, 3), 255, np.uint8)
    drawn = annotated(frame, (400, 400), title="", rows=(), said="", warning="untrained")
    assert drawn.shape == (400, 400, 3)
    assert not drawn[:140].any()
    assert (drawn[160:240, 300:] == 255).all()
