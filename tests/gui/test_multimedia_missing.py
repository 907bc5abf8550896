"""Without QtMultimedia everything else works, and a sentence says what to install."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cnn_explorer.gui.multimedia.loading import why
from tests.gui.videos import write_video

ALL_SOURCES = """
import sys
from pathlib import Path
sys.modules["PySide6.QtMultimedia"] = None
from PySide6.QtCore import QCoreApplication
from cnn_explorer.gui.multimedia import sources
application = QCoreApplication([])
reason = sources.unavailable()
print(reason)
assert sources.cameras() == sources.screens() == sources.windows() == ()
made = (sources.camera(), sources.video(Path("x.mp4")), sources.screen(), sources.window(""))
for source in made:
    heard = []
    source.condition_changed.connect(heard.append)
    source.start()
    assert [(c.stage, c.sentence, c.can_retry) for c in heard] == [("failed", reason, False)]
    assert source.kind in ("camera", "video", "screen") and source.title
    source.stop()
"""

QUIETLY = """
import sys
from pathlib import Path
from PySide6.QtCore import QEventLoop
from PySide6.QtGui import QGuiApplication
from cnn_explorer.gui.multimedia import sources
application = QGuiApplication([])
loop = QEventLoop()
source = sources.video(Path(sys.argv[1]))
source.condition_changed.connect(lambda condition: condition.stage == "ended" and loop.quit())
seen = []
source.frame_arrived.connect(lambda frame: seen.append(frame.picture()))
source.start()
loop.exec()
source.stop()
print(len(seen) > 0)
"""


def run_python(code: str, *arguments: str, rules: str | None = None) -> tuple[str, str]:
    environment = {name: value for name, value in os.environ.items() if name != "QT_LOGGING_RULES"}
    if rules is not None:
        environment["QT_LOGGING_RULES"] = rules
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        capture_output=True, text=True, timeout=60, check=False, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr.strip()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            ModuleNotFoundError("No module named 'PySide6.QtMultimedia'"),
            "Cameras and videos need QtMultimedia: install it (pip install PySide6-Addons) and "
            "start again.",
        ),
        (
            ImportError("libpulse.so.0: cannot open shared object file: No such file or directory"),
            "Cameras and videos need the library libpulse: install it (on Debian and Ubuntu: "
            "apt install libpulse0) and start again.",
        ),
        (
            ImportError("libGL.so.1: cannot open shared object file"),
            "Cameras and videos cannot be used, because QtMultimedia does not load: libGL.so.1: "
            "cannot open shared object file.",
        ),
    ],
)
def test_what_is_missing_is_said_with_what_to_install(error: ImportError, words: str) -> None:
    assert why(error) == words


def test_every_source_says_so_without_it() -> None:
    said, complaints = run_python(ALL_SOURCES)
    assert "pip install PySide6-Addons" in said
    assert complaints == ""


def test_nothing_is_said_on_the_terminal_unless_asked_for(tmp_path: Path) -> None:
    pytest.importorskip("PySide6.QtMultimedia", exc_type=ImportError)
    film = write_video(tmp_path / "film.mp4", count=3, rate=30)
    assert run_python(QUIETLY, str(film)) == ("True", "")
    assert "ffmpeg" in run_python(QUIETLY, str(film), rules="qt.multimedia*=true")[1]
