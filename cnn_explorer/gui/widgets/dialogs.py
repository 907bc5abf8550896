"""The two small windows beside the main one: the keys, and what this program is."""

from itertools import zip_longest

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMessageBox, QWidget

from cnn_explorer import __version__
from cnn_explorer.gui.widgets.actions import Actions


def _tr(text: str) -> str:
    return QCoreApplication.translate("dialogs", text)


def show_keys(parent: QWidget, actions: Actions) -> QMessageBox:
    """The keyboard shortcuts, in a window that does not stop anything."""
    native = QKeySequence.SequenceFormat.NativeText
    rows = [
        (action.text().rstrip("…"), action.shortcut().toString(native))
        for action in actions.with_keys()
        if action not in actions.tabs
    ]
    tabs, colours = (
        [action.shortcut().toString(native) for action in several]
        for several in (actions.tabs, actions.colours.values())
    )
    rows += [
        (_tr("Activations, Filters and other tabs"), f"{tabs[0]} – {tabs[-1]}"),
        (_tr("Colour the graph by kind or a number"), f"{colours[0]} – {colours[-1]}"),
        (_tr("Walk along the layers"), "←  ↑  →  ↓"),
        (_tr("Open, close a block"), "Enter, Backspace"),
        (_tr("Go through the layers found"), _tr("↑  ↓, Enter, Shift+Enter")),
        (_tr("Close the search"), "Esc"),
        (_tr("Go along the breadcrumbs"), "←  →, Enter"),
        (_tr("Zoom the graph"), "+, −"),
        (_tr("Fit the graph, 100 %, the selection"), "0, 1, 2"),
        (_tr("Show a map alone, all maps"), _tr("Enter, Esc")),
        (_tr("Size of the maps, fit them"), _tr("Ctrl+wheel, Ctrl+0")),
        (_tr("Go to a channel"), "Ctrl+G"),
        (_tr("Point at the units of one map"), _tr("Shift+←  ↑  →  ↓")),
        (_tr("Mark a place of the picture"), "←  ↑  →  ↓"),
        (_tr("Move, resize the frame on the picture"), _tr("Alt+←  ↑  →  ↓, +, −")),
        (_tr("Take a move of the frame back"), "Ctrl+Z"),
        (_tr("Walk along the series, take one out"), _tr("←  →, Delete")),
        (_tr("Freeze what is live, go on"), _tr("Space")),
        (_tr("Play a video, pause it"), "K"),
        (_tr("One frame of it back, on"), _tr("Comma, Period")),
        (_tr("Go to the ends of a video"), _tr("Home, End")),
        (_tr("Read bars, plots and matrices"), "←  →, Home, End"),
        (_tr("Put away what is marked or read"), "Esc"),
    ]
    half = (len(rows) + 1) // 2  # side by side, so that they fit on a low screen
    cells = "".join(
        f"<tr>{_key_cells(*row)}{_key_cells(*beside)}</tr>"
        for row, beside in zip_longest(rows[:half], rows[half:], fillvalue=("", ""))
    )
    return _show(parent, _tr("Keyboard Shortcuts"), f"<table>{cells}</table>")


def _key_cells(what: str, keys: str) -> str:
    return (
        f"<td style='padding:1px 16px 1px 0; white-space:pre'>{what}</td>"
        f"<td style='padding:1px 20px 1px 0; white-space:pre; font-weight:600'>{keys}</td>"
    )


def show_about(parent: QWidget) -> QMessageBox:
    """Version and licences."""
    text = _tr(
        "<p style='font-size:15px; font-weight:600'>CNN Explorer {version}</p>"
        "<p>Explore the classic convolutional networks: their layers, their answers, "
        "every activation.</p>"
        "<p>MIT licence. Sample pictures, fonts and class names have licences of their own, "
        "which lie beside them in <code>resources</code>.</p>"
    )
    return _show(parent, _tr("About CNN Explorer"), text.format(version=__version__))


def _show(parent: QWidget, title: str, html: str) -> QMessageBox:
    box = QMessageBox(parent)
    box.setWindowTitle(title)
    box.setTextFormat(Qt.TextFormat.RichText)
    box.setText(html)
    box.setStandardButtons(QMessageBox.StandardButton.Close)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setModal(False)
    box.show()
    return box
