"""A dock whose title lines up with what stands below it."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QLabel, QToolButton, QWidget

from cnn_explorer.gui.widgets.theme import MARGIN, SMALL, icon, text_font

_BUTTON = 20


class _TitleBar(QWidget):
    """Name, float and hide; drags and double clicks reach the dock behind it."""

    def __init__(self, dock: QDockWidget) -> None:
        super().__init__(dock)
        self._dock = dock
        title = QLabel(dock.windowTitle())
        title.setFont(text_font(SMALL, QFont.Weight.DemiBold))
        title.setForegroundRole(title.palette().ColorRole.PlaceholderText)
        self._float = self._button(self.tr("Make this panel a window of its own, or put it back."))
        self._float.setAccessibleName(self.tr("Float {}").format(dock.windowTitle()))
        self._float.clicked.connect(self._on_float_clicked)
        self._hide = self._button(self.tr("Hide this panel. The View menu brings it back."))
        self._hide.setAccessibleName(self.tr("Hide {}").format(dock.windowTitle()))
        self._hide.clicked.connect(dock.close)
        row = QHBoxLayout(self)
        row.setContentsMargins(MARGIN, 3, 6, 3)
        row.setSpacing(2)
        row.addWidget(title, 1)
        row.addWidget(self._float)
        row.addWidget(self._hide)

    def _button(self, tip: str) -> QToolButton:
        button = QToolButton()
        button.setAutoRaise(True)
        button.setToolTip(tip)
        button.setFixedSize(_BUTTON, _BUTTON)
        button.setIconSize(QSize(13, 13))
        # hiding and floating are in the View menu and rare: Tab need not stop here
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        return button

    def _on_float_clicked(self) -> None:
        self._dock.setFloating(not self._dock.isFloating())

    def load_icons(self) -> None:
        """Give the buttons their icons, in the colours of the palette."""
        self._float.setIcon(icon("ph.arrow-square-out", self))
        self._hide.setIcon(icon("ph.x", self))


class Dock(QDockWidget):
    """A panel that can be moved, floated, hidden, and comes back as it was left."""

    def __init__(self, name: str, title: str, widget: QWidget, parent: QWidget) -> None:
        super().__init__(title, parent)
        self.setObjectName(name)
        self.setWidget(widget)
        self._title_bar = _TitleBar(self)
        self.setTitleBarWidget(self._title_bar)

    def load_icons(self) -> None:
        """Give the title's buttons their icons."""
        self._title_bar.load_icons()
