"""Where Tab goes."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget


def step_focus(window: QWidget, following: bool) -> bool:
    """Move the keyboard to what follows in a window, or to what is before; gives whether there is
    anything.

    For `focusNextPrevChild` of windows. Qt's own walk stops at panels that pass the keyboard on to
    a part of theirs, too: once Tab came behind the part it would come back to it for ever.
    """
    start = window.focusWidget() or window
    widget = _beside(start, following)
    while widget is not start:
        if (
            widget.focusPolicy() & Qt.FocusPolicy.TabFocus
            and widget.focusProxy() is None
            and widget.window() is window
            and widget.isVisibleTo(window)
            and widget.isEnabled()
        ):
            reason = Qt.FocusReason
            widget.setFocus(reason.TabFocusReason if following else reason.BacktabFocusReason)
            return True
        widget = _beside(widget, following)
    return False


def _beside(widget: QWidget, following: bool) -> QWidget:
    beside = widget.nextInFocusChain() if following else widget.previousInFocusChain()
    assert beside is not None  # the chain is a ring
    return beside
