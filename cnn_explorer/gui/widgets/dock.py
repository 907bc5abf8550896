"""A dock whose title lines up with what stands below it."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont, QResizeEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QHBoxLayout,
    QLabel,
    QTabWidget,
    QToolButton,
    QWidget,
)

from cnn_explorer.gui.widgets.tab_walk import step_focus
from cnn_explorer.gui.widgets.theme import MARGIN, SMALL, icon, text_font

_BUTTON = 20


class _Buttons(QWidget):
    """Float and hide."""

    def __init__(self, dock: QDockWidget) -> None:
        super().__init__(dock)
        self._dock = dock
        self._float = self._button(self.tr("Make this panel a window of its own, or put it back."))
        self._float.setAccessibleName(self.tr("Float {}").format(dock.windowTitle()))
        self._float.clicked.connect(self._on_float_clicked)
        self._hide = self._button(self.tr("Hide this panel. The View menu brings it back."))
        self._hide.setAccessibleName(self.tr("Hide {}").format(dock.windowTitle()))
        self._hide.clicked.connect(dock.close)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 3, 6, 3)
        row.setSpacing(2)
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


class _TitleBar(QWidget):
    """Name, float and hide; drags and double clicks reach the dock behind it."""

    def __init__(self, dock: QDockWidget) -> None:
        super().__init__(dock)
        self.title = QLabel(dock.windowTitle())
        self.title.setFont(text_font(SMALL, QFont.Weight.DemiBold))
        self.title.setForegroundRole(self.title.palette().ColorRole.PlaceholderText)
        self.buttons = _Buttons(dock)
        row = QHBoxLayout(self)
        row.setContentsMargins(MARGIN, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.title, 1)
        row.addWidget(self.buttons)


class Dock(QDockWidget):
    """A panel that can be moved, floated, hidden, and comes back as it was left."""

    def __init__(self, name: str, title: str, widget: QWidget, parent: QWidget) -> None:
        super().__init__(title, parent)
        self.setObjectName(name)
        self.setWidget(widget)
        self._title_bar = _TitleBar(self)
        self._tabs: QTabWidget | None = None
        self._tab_buttons = _Buttons(self)
        self._tab_buttons.hide()
        self.setTitleBarWidget(self._title_bar)

    def set_tabs(self, tabs: QTabWidget) -> None:
        """Show tabs, which say what the panel is: within the window its buttons stand beside them,
        where these leave room, and it needs no title. A window of its own is moved by its title."""
        self._tabs = tabs
        self.setWidget(tabs)
        tabs.setCornerWidget(self._tab_buttons)
        self.topLevelChanged.connect(self._place_buttons)
        self._place_buttons(self.isFloating())

    def _place_buttons(self, floating: bool) -> None:
        if self._tabs is None:
            return
        needed = self._tabs.tabBar().sizeHint().width() + self._tab_buttons.sizeHint().width()
        beside = not floating and needed <= self.width()
        self._tab_buttons.setVisible(beside)
        for part in (self._title_bar.title, self._title_bar.buttons):
            part.setVisible(not beside)  # the bar has no height without them

    def load_icons(self) -> None:
        """Give the title's buttons their icons."""
        for buttons in (self._title_bar.buttons, self._tab_buttons):
            buttons.load_icons()

    # Qt

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_buttons(self.isFloating())

    def focusNextPrevChild(self, following: bool) -> bool:
        if self.isFloating():
            return step_focus(self, following)
        return super().focusNextPrevChild(following)
