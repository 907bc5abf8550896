"""Importing torchvision, where it fits torch, where it does not, and where it is broken.

Each case runs in a process of its own: what a process has once imported and declared stays.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Does what torchvision does at import: a fake kernel for an operator that a native library, absent
# here, would have declared. ``first`` counts how often it is imported.
MISFIT = """
import torch
import torchvision.first

@torch.library.register_fake("torchvision::nms")
def _nms(dets, scores, iou_threshold):
    return dets
"""


def run(code: str, extra: Path | None = None) -> subprocess.CompletedProcess[str]:
    folders = [str(folder) for folder in (extra, ROOT) if folder is not None]
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def fake_torchvision(folder: Path, init: str) -> Path:
    package = folder / "torchvision"
    package.mkdir()
    package.joinpath("__init__.py").write_text(init)
    package.joinpath("first.py").write_text(
        "import builtins\nbuiltins.times = getattr(builtins, 'times', 0) + 1\n"
    )
    return folder


def test_the_installed_torchvision_imports_and_its_models_run() -> None:
    done = run(
        """
import sys
from cnn_explorer.networks.torchvision_models import import_torchvision
assert "torchvision" not in sys.modules
first = import_torchvision()
assert import_torchvision() is first is sys.modules["torchvision"]
import torch, torchvision.transforms
model = first.models.squeezenet1_1(weights=None).eval()
with torch.inference_mode():
    assert model(torch.zeros(1, 3, 64, 64)).shape == (1, 1000)
weights = first.models.get_model_weights("resnet50").DEFAULT
assert len(weights.meta["categories"]) == 1000
assert weights.transforms()(torch.zeros(3, 300, 300)).shape == (3, 224, 224)
"""
    )
    assert done.returncode == 0, done.stderr


def test_many_threads_may_ask_at_once() -> None:
    done = run(
        """
import threading
from concurrent.futures import ThreadPoolExecutor
from cnn_explorer.networks.torchvision_models import import_torchvision
start = threading.Barrier(4)
def ask(_):
    start.wait()
    return import_torchvision()
with ThreadPoolExecutor(4) as pool:
    modules = list(pool.map(ask, range(4)))
assert len({id(module) for module in modules}) == 1
assert modules[0].models.resnet18
"""
    )
    assert done.returncode == 0, done.stderr


def test_a_torchvision_whose_native_library_does_not_load_is_cured(tmp_path: Path) -> None:
    plain = run("import torchvision", fake_torchvision(tmp_path, MISFIT))
    assert "RuntimeError: operator torchvision::nms does not exist" in plain.stderr

    done = run(
        """
from cnn_explorer.networks.torchvision_models import import_torchvision
import torch
module = import_torchvision()
assert import_torchvision() is module
import builtins
assert builtins.times == 2, "a half-imported module was kept"
assert torch.ops.torchvision.nms
""",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("init", "error"),
    [
        ('raise RuntimeError("compiled with different CUDA major versions")', "different CUDA"),
        ("import no_such_module_at_all", "ModuleNotFoundError: No module named 'no_such_module"),
        ('raise RuntimeError("operator torchvision::nms does not exist")', "nms does not exist"),
    ],
    ids=["another reason", "missing part", "not cured by the cure"],
)
def test_any_other_failure_is_passed_on_each_time(tmp_path: Path, init: str, error: str) -> None:
    done = run(
        """
from cnn_explorer.networks.torchvision_models import import_torchvision
failures = []
for _ in range(2):
    try:
        import_torchvision()
    except Exception as failure:
        failures.append((type(failure), str(failure)))
assert len(failures) == 2 and failures[0] == failures[1], failures
import_torchvision()
""",
        fake_torchvision(tmp_path, init),
    )
    assert done.returncode == 1
    assert error in done.stderr
    assert "AssertionError" not in done.stderr
