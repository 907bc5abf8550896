"""Memory comes back: going from network to network takes no more of it each time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROUNDS = 20
GROWTH = 1.05


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the memory so")
def test_no_growth_over_rounds_through_ten_networks() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.gui.memory_rounds", str(ROUNDS)],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    warm, *later = map(int, done.stdout.split())  # the first round imports and fills the pools
    assert len(later) == ROUNDS - 1
    assert max(later) <= GROWTH * warm


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the memory so")
def test_no_growth_over_hundreds_of_live_frames() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.gui.live_frames", "10", "60"],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"OMP_NUM_THREADS": "1", "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=170,
    )
    assert done.returncode == 0, done.stderr
    _first, warm, *later = map(int, done.stdout.split())
    assert len(later) == 8
    assert max(later) <= 1.03 * warm
