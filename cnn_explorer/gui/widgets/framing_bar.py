"""How the picture is made to fit the network: chosen, told step by step, and warned of."""

import html

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import (
    QAction,
    QActionGroup,
    QGuiApplication,
    QPalette,
)
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLayout,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.gui.state.framing_choice import FramingOffered
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.panel_parts import ChoiceButton, IconButton
from cnn_explorer.gui.widgets.untrained_badge import WarningBadge
from cnn_explorer.probe.framing import AS_TRAINED, FITS, Fit, in_words


class FramingSteps(QDialog):
    """What becomes of the picture before the network gets it, with all numbers. It stops nothing,
    and follows while it is open."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("How the picture is made to fit"))
        self._steps: tuple[tuple[str, str], ...] = ()
        self._names, self._values = QLabel(), QLabel()
        self._names.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._values.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._values.setAccessibleName(self.tr("Values"))
        self._values.setToolTip(self.tr("Select values to copy them, or copy all below."))
        for label in (self._names, self._values):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.copy_button = QPushButton(self.tr("Copy"))
        self.copy_button.setToolTip(self.tr("Copy all steps as text."))
        self.copy_button.clicked.connect(self.copy)
        columns = QHBoxLayout()
        columns.setSpacing(theme.MARGIN)
        columns.addWidget(self._names)
        columns.addWidget(self._values, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        layout.setSpacing(theme.GAP)
        layout.setSizeConstraint(QLayout.SizeConstraint.SetFixedSize)  # it follows its text
        layout.addLayout(columns)
        layout.addWidget(self.copy_button, 0, Qt.AlignmentFlag.AlignRight)
        self.copy_button.setFocus()

    def show_steps(self, steps: tuple[tuple[str, str], ...]) -> None:
        """Show what is done, and with which numbers."""
        if steps != self._steps:
            self._steps = steps
            self._names.setText("\n".join(name for name, _ in steps))
            self._values.setText("\n".join(value for _, value in steps))
            self._values.setAccessibleDescription(self.text())

    def text(self) -> str:
        """The steps as lines, with a tab before their numbers."""
        return "\n".join("\t".join(step) for step in self._steps)

    def copy(self) -> None:
        """Put the steps on the clipboard as text."""
        QGuiApplication.clipboard().setText(self.text())


class FramingBar(QWidget):
    """The fit, the numbers behind it, the way back, and the warning. Hidden where there is no
    network that takes pictures."""

    fit_chosen = Signal(str)
    """A `Fit`."""
    reset_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words: dict[Fit, tuple[str, str]] = {
            "crop": (
                self.tr("Crop"),
                self.tr("Cut a square out of the picture: what the weights were made for."),
            ),
            "squash": (
                self.tr("Squash"), self.tr("Show all that is framed, its aspect given up."),
            ),
            "pad": (
                self.tr("Pad"),
                self.tr("Show all that is framed, with the mean colour beside it."),
            ),
        }  # fmt: skip
        self.fit_button = ChoiceButton()
        menu = QMenu(self.fit_button)
        menu.setToolTipsVisible(True)
        group = QActionGroup(menu)
        self.fits: dict[Fit, QAction] = {}
        for fit in FITS:
            name, tip = self._words[fit]
            action = self.fits[fit] = QAction(name, group)
            action.setToolTip(tip)
            action.setCheckable(True)
            action.triggered.connect(lambda _on, fit=fit: self.fit_chosen.emit(fit))
            menu.addAction(action)
        self.fit_button.setMenu(menu)
        self.steps_button = IconButton(
            "ph.info",
            self.tr("Preprocessing"),
            self.tr("Tell step by step how the picture is made to fit, with all numbers."),
        )
        self.steps_button.clicked.connect(self.show_steps)
        self.reset_button = IconButton(
            "ph.arrow-counter-clockwise",
            self.tr("As trained"),
            self.tr("As trained: frame pictures again as the weights were made for."),
        )
        self.reset_button.clicked.connect(self.reset_asked)
        for button in (self.steps_button, self.reset_button):
            button.setFixedSize(20, 24)  # the longest warning has room in the narrowest panel
        self.warning = WarningBadge()
        self.steps = FramingSteps(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self.fit_button)
        row.addWidget(self.steps_button)
        row.addStretch(1)
        # in one line, as tall with it as without: the picture must not shrink under a hand that
        # begins to pull its frame
        row.addWidget(self.warning)
        row.addWidget(self.reset_button)
        self.hide()

    def show_offer(self, offer: FramingOffered | None) -> None:
        """Show how the picture is framed."""
        self.setVisible(offer is not None)
        if offer is None:
            return
        framing, rules = offer.framing, offer.preprocessing
        self.steps.show_steps(in_words(rules, framing))
        name, tip = self._words[framing.fit]
        self.fit_button.setText(name)
        self.fit_button.setFixedWidth(self.fit_button.sizeHint().width())
        self.fit_button.setAccessibleName(self.tr("Fit: {}").format(name))
        self.fit_button.setToolTip(
            self.tr("How the picture is made to fit: {}").format(html.escape(tip))
        )
        # strokes are looked for, and set as in training whatever the fit is
        self.fit_button.setVisible(rules.kind == "photo")
        self.fits[framing.fit].setChecked(True)
        self.reset_button.setVisible(framing != AS_TRAINED)
        departure, sentence = framing.departure(rules), framing.warning(rules)
        self.warning.setText(self.tr("{}: not as trained").format(departure))
        self.warning.setAccessibleName(self.tr("Warning: {}").format(sentence))
        self.warning.setToolTip(
            self.tr("{} Its answers may be worse than the weights can give.").format(sentence)
        )
        self.warning.updateGeometry()
        self.warning.setVisible(bool(departure))

    def show_steps(self) -> None:
        """Open the steps with their numbers."""
        self.steps.show()
        self.steps.activateWindow()
