"""A sentence above a drawing that says what it does not show."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from cnn_explorer.gui.widgets import theme


class NoteLabel(QLabel):
    """A note in quiet type over as many lines as it takes; hidden while there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setFont(theme.text_font(theme.SMALL))
        self.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.setContentsMargins(theme.MARGIN, 2, theme.MARGIN, 6)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setVisible(False)

    def show_note(self, note: str) -> None:
        """Show a note, or with an empty one nothing."""
        self.setText(note)
        self.setVisible(bool(note))
