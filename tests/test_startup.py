"""Starting is quick because the heavy things come later: checked by what is in sys.modules."""

import subprocess
import sys

import pytest

FIRST_PAINT = """
import sys
from pathlib import Path
import cnn_explorer.app as app
from cnn_explorer.gui.state.settings import Settings
application = app.make_application()
app.apply_theme(application, "light")
program = app.Program(Settings.in_file(Path(sys.argv[1])), "lenet5")
heavy = ("torch", "torchvision", "torchview", "numpy", "PIL", "graphlay", "onnx", "onnxruntime",
         "qtawesome", "pyqtgraph", "pygments", "reportlab", "PySide6.QtMultimedia")
seen = []
def look():
    seen.append([name for name in heavy if name in sys.modules])
    application.quit()
program.window.painted.disconnect()
program.window.painted.connect(look)
program.window.show()
application.exec()
program.close()
print("HEAVY", seen)
"""


def run_python(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_package_imports_neither_torch_nor_qt() -> None:
    out = run_python(
        "import sys, cnn_explorer, cnn_explorer.cli\n"
        "print([n for n in ('torch', 'PySide6', 'numpy', 'PIL') if n in sys.modules])"
    )
    assert out.strip() == "[]"


def test_listing_the_networks_imports_neither_torch_nor_qt() -> None:
    out = run_python(
        "import sys, contextlib, io\n"
        "from cnn_explorer.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()): assert main(['list']) == 0\n"
        "print([n for n in ('torch', 'PySide6') if n in sys.modules])"
    )
    assert out.strip() == "[]"


def test_torch_comes_after_the_first_paint(tmp_path: object) -> None:
    pytest.importorskip("PySide6")
    out = run_python(FIRST_PAINT, f"{tmp_path}/settings.ini")
    assert out.strip() == "HEAVY [[]]"


def test_qt_keeps_the_count_of_none() -> None:
    """PySide6 6.12.0 on Python 3.11 loses a reference to None at each call, and aborts at last."""
    pytest.importorskip("PySide6")
    out = run_python(
        "import sys\n"
        "from PySide6.QtCore import QObject\n"
        "thing = QObject()\n"
        "before = sys.getrefcount(None)\n"
        "for _ in range(2000): thing.setObjectName('x')\n"
        "print(abs(sys.getrefcount(None) - before) < 100 or sys.version_info >= (3, 12))"
    )
    assert out.strip() == "True"


def test_cameras_and_videos_are_not_loaded_until_asked_for() -> None:
    pytest.importorskip("PySide6.QtMultimedia", exc_type=ImportError)
    out = run_python(
        "import sys\n"
        "from cnn_explorer.gui.multimedia import sources\n"
        "def loaded(): return any('QtMultimedia' in name for name in sys.modules)\n"
        "before = loaded()\n"
        "sources.unavailable()\n"
        "print(before, loaded())"
    )
    assert out.strip() == "False True"
