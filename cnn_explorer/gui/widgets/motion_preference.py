"""Whether the system asks programs to move less.

Qt says so from version 6.12 on (`QAccessibilityHints.motionPreference`). Before, and beside it, a
style may say that nothing is animated, and on Linux the desktop's settings are asked through its
portal: those of the freedesktop specification, of GNOME and of KDE. A desktop without a portal
gives no answer, which asks for nothing.
"""

import os
import sys

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QStyle

try:
    from PySide6.QtDBus import (
        QDBusConnection,
        QDBusMessage,
        QDBusPendingCallWatcher,
        QDBusVariant,
    )
except ImportError:  # a build of Qt without it
    HAS_BUS = False
else:
    HAS_BUS = True

_PORTAL = "org.freedesktop.portal.Desktop"
_PATH = "/org/freedesktop/portal/desktop"
_SETTINGS = "org.freedesktop.portal.Settings"
_PATIENCE = 3000
"""Milliseconds for an answer; nobody waits for it."""

_MEANS_LESS: dict[tuple[str, str], tuple[object, ...]] = {
    ("org.freedesktop.appearance", "reduced-motion"): (1,),
    ("org.gnome.desktop.interface", "enable-animations"): (False,),
    ("org.kde.kdeglobals.KDE", "AnimationDurationFactor"): ("0", "0.0", 0.0),
}
"""Settings by namespace and key, and the values that ask for less motion."""


class MotionPreference(QObject):
    """Asks the system once, without waiting."""

    reduced = Signal()
    """The system asks for less motion."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pending: dict[QObject, tuple[str, str]] = {}

    def ask(self, bus: "QDBusConnection | None" = None) -> None:
        """Find out; `bus` is the session's unless a test says otherwise."""
        style = QApplication.style()
        animated = style.styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration) > 0
        hints = QGuiApplication.styleHints().accessibility()
        preference = getattr(hints, "motionPreference", None)  # from Qt 6.12 on
        if not animated or (preference is not None and "Reduced" in str(preference())):
            self.reduced.emit()
            return
        if bus is None:
            on_bus = sys.platform.startswith("linux") and "DBUS_SESSION_BUS_ADDRESS" in os.environ
            if not HAS_BUS or not on_bus:
                return
            bus = QDBusConnection.sessionBus()
        if bus.isConnected():
            for namespace, key in _MEANS_LESS:
                call = QDBusMessage.createMethodCall(_PORTAL, _PATH, _SETTINGS, "ReadOne")
                call.setArguments([namespace, key])
                watcher = QDBusPendingCallWatcher(bus.asyncCall(call, _PATIENCE), self)
                self._pending[watcher] = (namespace, key)
                watcher.finished.connect(self._on_answer)

    @property
    def is_waiting(self) -> bool:
        """Whether answers are still to come."""
        return bool(self._pending)

    @Slot("QDBusPendingCallWatcher*")
    def _on_answer(self, watcher: "QDBusPendingCallWatcher") -> None:
        asked = self._pending.pop(watcher, None)
        arguments = watcher.reply().arguments()
        watcher.deleteLater()
        if asked is None or not arguments:  # an error: no portal, or no such setting
            return
        value = arguments[0]
        if isinstance(value, QDBusVariant):
            value = value.variant()
        if any(value == less and type(value) is type(less) for less in _MEANS_LESS[asked]):
            self.reduced.emit()
