"""Chooses what the boxes of the graph are coloured by."""

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QComboBox, QSizePolicy, QWidget

from cnn_explorer.graph.numbers import NUMBER_KINDS
from cnn_explorer.gui.widgets import theme


class ColourChooser(QComboBox):
    """The kind of layer, or one of its numbers."""

    key_chosen = Signal(str)
    """The key of a `NumberKind`; empty for the kind of layer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFont(theme.text_font(theme.SMALL))
        self.addItem(self.tr("Kind of layer"), "")
        for kind in NUMBER_KINDS:
            self.addItem(self.tr(kind.title), kind.key)
        self.setAccessibleName(self.tr("Colour the boxes by"))
        self.setToolTip(
            self.tr("What the boxes are coloured by (Alt+1 to Alt+{})").format(self.count())
        )
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.activated.connect(self._on_activated)

    def set_key(self, key: str) -> None:
        """Show what was chosen otherwise."""
        with QSignalBlocker(self):
            self.setCurrentIndex(max(0, self.findData(key)))

    @Slot(int)
    def _on_activated(self, index: int) -> None:
        self.key_chosen.emit(self.itemData(index))
