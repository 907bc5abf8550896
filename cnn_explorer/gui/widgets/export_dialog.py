"""The questions before a graph is saved: how much of it, on what ground, with what in its boxes."""

from collections.abc import Sequence
from typing import cast

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QRadioButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.gui.state.shown import ExportChoice, Extent, Ground
from cnn_explorer.gui.widgets import theme

_DATA = (".json", ".dot")
"""Formats that hold the graph and leave its looks to others."""


class ExportDialog(QDialog):
    """Asks for an `ExportChoice`; *Save* accepts, and then a file is asked for."""

    def __init__(
        self,
        title: str,
        choice: ExportChoice,
        *,
        deepest: int,
        thumbnails: bool,
        parent: QWidget | None = None,
    ) -> None:
        """`choice` is what stands there at first, `deepest` how many levels of blocks there are;
        without `thumbnails` none can be asked for."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("Export the Graph of {}").format(title))
        self._formats = self._choices(
            (
                (".svg", self.tr("SVG"), self.tr("For the web and for drawing programs")),
                (".pdf", self.tr("PDF"), self.tr("For papers: lines and text stay sharp")),
                (".png", self.tr("PNG"), self.tr("A picture, at twice the size on the screen")),
                (".json", self.tr("JSON"), self.tr("The whole graph, to be read back")),
                (".dot", self.tr("DOT"), self.tr("For Graphviz")),
            ),
            choice.suffix,
        )
        self._extents = self._choices(
            (
                ("shown", self.tr("As it is shown"), self.tr("The same blocks stand open")),
                ("all", self.tr("Every layer"), self.tr("All blocks stand open")),
                ("level", self.tr("Down to level"), self.tr("Blocks of the outer levels are open")),
            ),
            choice.extent,
        )
        self.level = QSpinBox()
        self.level.setRange(0, max(deepest, 0))
        self.level.setValue(choice.level)
        self.level.setAccessibleName(self.tr("Level"))
        self._grounds = self._choices(
            (
                ("window", self.tr("As the window"), ""),
                ("light", self.tr("Light"), ""),
                ("dark", self.tr("Dark"), ""),
            ),
            choice.ground,
        )
        self.numbers = QCheckBox(self.tr("Parameters and multiply-adds"))
        self.numbers.setChecked(choice.numbers)
        self.thumbnails = QCheckBox(self.tr("Thumbnails of the outputs"))
        self.thumbnails.setChecked(choice.thumbnails and thumbnails)
        self.thumbnails.setEnabled(thumbnails)
        if not thumbnails:
            self.thumbnails.setToolTip(self.tr("Thumbnails are there when a picture has been run."))
        buttons = QDialogButtonBox()
        save = buttons.addButton(self.tr("Save…"), QDialogButtonBox.ButtonRole.AcceptRole)
        save.setDefault(True)
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)

        self._drawing = (
            *self._extents.buttons(), self.level, *self._grounds.buttons(), self.numbers,
        )  # fmt: skip
        self._can_thumbnail = thumbnails
        form = QFormLayout()
        form.setHorizontalSpacing(2 * theme.MARGIN)
        form.setVerticalSpacing(theme.MARGIN)
        form.addRow(QLabel(self.tr("Format")), self._row(self._formats.buttons()))
        form.addRow(QLabel(self.tr("How much")), self._row([*self._extents.buttons(), self.level]))
        form.addRow(QLabel(self.tr("Ground")), self._row(self._grounds.buttons()))
        form.addRow(QLabel(self.tr("In the boxes")), self._row([self.numbers, self.thumbnails]))
        whole = QVBoxLayout(self)
        whole.setContentsMargins(*(2 * theme.MARGIN,) * 4)
        whole.setSpacing(2 * theme.MARGIN)
        whole.addLayout(form)
        whole.addWidget(buttons)
        if theme.is_dark(self.palette()):  # Fusion outlines buttons in black: filled, they show
            palette = self.palette()
            palette.setColor(QPalette.ColorRole.Base, QColor(theme.ground(self).box_border))
            self.setPalette(palette)
        for group in (self._formats, self._extents):
            group.buttonToggled.connect(self._on_toggled)
        self._on_toggled()

    def choice(self) -> ExportChoice:
        """What stands there now."""
        return ExportChoice(
            suffix=self._chosen(self._formats),
            extent=cast(Extent, self._chosen(self._extents)),
            level=self.level.value(),
            ground=cast(Ground, self._chosen(self._grounds)),
            numbers=self.numbers.isChecked(),
            thumbnails=self.thumbnails.isChecked(),
        )

    def choose(self, value: str) -> None:
        """Press the button of a format, extent or ground."""
        for group in (self._formats, self._extents, self._grounds):
            for button in group.buttons():
                if button.property("value") == value:
                    button.setChecked(True)

    def _choices(self, choices: Sequence[tuple[str, str, str]], chosen: str) -> QButtonGroup:
        group = QButtonGroup(self)
        for value, text, tip in choices:
            button = QRadioButton(text)
            button.setProperty("value", value)
            button.setToolTip(tip)
            button.setChecked(value == chosen)
            group.addButton(button)
        if group.checkedButton() is None:
            group.buttons()[0].setChecked(True)
        return group

    def _chosen(self, group: QButtonGroup) -> str:
        button = group.checkedButton()
        return "" if button is None else str(button.property("value"))

    def _row(self, widgets: Sequence[QWidget]) -> QWidget:
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(2 * theme.MARGIN)
        for widget in widgets:
            line.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
        line.addStretch(1)
        return row

    @Slot()
    def _on_toggled(self) -> None:
        drawn = self._chosen(self._formats) not in _DATA
        for widget in self._drawing:
            widget.setEnabled(drawn)
        # DOT holds the boxes that are drawn; JSON holds all, and says which are
        for widget in self._extents.buttons():
            widget.setEnabled(True)
        self.level.setEnabled(self._chosen(self._extents) == "level")
        self.thumbnails.setEnabled(drawn and self._can_thumbnail)
