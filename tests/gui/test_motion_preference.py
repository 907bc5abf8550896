"""Desktops that ask for less motion, played by a portal of our own on a bus of our own."""

import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication, QProxyStyle, QStyle, QStyleFactory
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.widgets.motion_preference import HAS_BUS, MotionPreference

pytestmark = pytest.mark.skipif(
    not HAS_BUS or shutil.which("dbus-daemon") is None, reason="there is no D-Bus here"
)

PORTAL = """
import ast, sys
from PySide6.QtCore import ClassInfo, QCoreApplication, QObject, Slot
from PySide6.QtDBus import QDBusConnection, QDBusVariant
application = QCoreApplication([])
key, value = sys.argv[1], ast.literal_eval(sys.argv[2])
@ClassInfo({"D-Bus Interface": "org.freedesktop.portal.Settings"})
class Portal(QObject):
    @Slot(str, str, result=QDBusVariant)
    def ReadOne(self, namespace, asked):
        return QDBusVariant(value if asked == key else "something else")
portal = Portal()
bus = QDBusConnection.sessionBus()
export = QDBusConnection.RegisterOption.ExportAllSlots
assert bus.registerObject("/org/freedesktop/portal/desktop", portal, export)
assert bus.registerService("org.freedesktop.portal.Desktop")
print("ready", flush=True)
application.exec()
"""


@pytest.fixture
def address() -> Iterator[str]:
    """A bus with nothing on it."""
    daemon = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address=1"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert daemon.stdout is not None
    try:
        yield daemon.stdout.readline().strip()
    finally:
        daemon.kill()
        daemon.wait()
        daemon.stdout.close()


def told(qtbot: QtBot, address: str) -> bool:
    """Whether the system is taken to ask for less motion."""
    from PySide6.QtDBus import QDBusConnection

    bus = QDBusConnection.connectToBus(address, address)
    preference = MotionPreference()
    heard: list[bool] = []
    preference.reduced.connect(lambda: heard.append(True))
    preference.ask(bus)
    qtbot.waitUntil(lambda: not preference.is_waiting, timeout=10_000)
    QDBusConnection.disconnectFromBus(address)
    return bool(heard)


@pytest.mark.parametrize(
    ("key", "value", "less"),
    [
        ("enable-animations", "False", True),
        ("enable-animations", "True", False),
        ("reduced-motion", "1", True),
        ("reduced-motion", "0", False),
        ("AnimationDurationFactor", "'0'", True),
        ("AnimationDurationFactor", "'1.5'", False),
        ("reduced-motion", "'odd'", False),
    ],
)
def test_the_desktop_is_asked(qtbot: QtBot, address: str, key: str, value: str, less: bool) -> None:
    portal = subprocess.Popen(
        [sys.executable, "-c", PORTAL, key, value],
        env={"DBUS_SESSION_BUS_ADDRESS": address}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert portal.stdout is not None
    try:
        assert portal.stdout.readline() == "ready\n"
        assert told(qtbot, address) == less
    finally:
        portal.kill()
        portal.wait()
        portal.stdout.close()


def test_no_portal_asks_for_nothing(qtbot: QtBot, address: str) -> None:
    assert not told(qtbot, address)


def test_a_style_that_does_not_animate(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    class Still(QProxyStyle):
        def styleHint(self, hint: QStyle.StyleHint, *more: object) -> int:
            still = hint == QStyle.StyleHint.SH_Widget_Animation_Duration
            return 0 if still else super().styleHint(hint, *more)  # type: ignore[call-overload]

    style = Still(QStyleFactory.create("fusion"))
    monkeypatch.setattr(QApplication, "style", lambda: style)
    preference = MotionPreference()
    with qtbot.waitSignal(preference.reduced):
        preference.ask()
