"""How values become colours, as a row of controls that opens below a panel's header."""

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QToolButton,
    QWidget,
)

from cnn_explorer.gui.state.maps_look import GAMMAS, MOST_CLIPPED, MapsLook
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.panel_parts import ScaleBox


class _NumberBox(QDoubleSpinBox):
    """Values of any size, with six digits."""

    def textFromValue(self, value: float) -> str:
        return f"{value:.6g}"


class ShadingBar(QWidget):
    """Colours, scale, clipping, gamma, and whether enlarged maps are smooth."""

    look_changed = Signal(object)
    """The `MapsLook` that a person chose."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = MapsLook()
        self.colours = QComboBox()
        for title, name in (
            (self.tr("Automatic"), "auto"),
            (self.tr("Viridis"), "viridis"),
            (self.tr("Cividis"), "cividis"),
            (self.tr("Inferno"), "inferno"),
            (self.tr("Magma"), "magma"),
            (self.tr("Grey"), "grey"),
            (self.tr("Around zero"), "diverging"),
        ):
            self.colours.addItem(title, name)
        self._name(
            self.colours, self.tr("Colours"),
            self.tr("Automatic: blue and red around zero where values are below it, else viridis."),
        )  # fmt: skip
        self.scale = ScaleBox(fixed=True)
        self.low = self._number(
            self.tr("Lowest value"), self.tr("The value that gets the first colour.")
        )
        self.high = self._number(
            self.tr("Highest value"), self.tr("The value that gets the last colour.")
        )
        self.clip = QDoubleSpinBox()
        self.clip.setRange(0.0, MOST_CLIPPED)
        self.clip.setDecimals(1)
        self.clip.setSingleStep(0.5)
        self.clip.setPrefix(self.tr("Clip "))
        self.clip.setSuffix(" %")
        self._name(
            self.clip, self.tr("Clip"),
            self.tr("So many per cent of the values at each end of the scale get the colour of "
                    "that end: a few very large ones no longer leave the others dark."),
        )  # fmt: skip
        self.gamma = QDoubleSpinBox()
        self.gamma.setRange(*GAMMAS)
        self.gamma.setDecimals(2)
        self.gamma.setSingleStep(0.1)
        self.gamma.setPrefix("γ ")
        self._name(
            self.gamma, self.tr("Gamma"),
            self.tr("The power to which a value's place on the scale is raised: below 1 small "
                    "values stand out. At 1 colours are proportional to values."),
        )  # fmt: skip
        self.smooth = QCheckBox(self.tr("Smooth"))
        self._name(
            self.smooth, self.tr("Smooth"),
            self.tr("Blend enlarged maps between their values. Without it each value is a square."),
        )  # fmt: skip
        self.usual = QToolButton()
        self.usual.setText(self.tr("Reset"))
        self.usual.setAutoRaise(True)
        self._name(
            self.usual, self.tr("Reset"), self.tr("Colours, scale, clipping and gamma as usual.")
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.MARGIN, 0, theme.MARGIN, theme.GAP - 2)
        row.setSpacing(theme.GAP)
        for control in (
            self.colours, self.scale, self.low, self.high, self.clip, self.gamma, self.smooth,
            self.usual,
        ):  # fmt: skip
            row.addWidget(control)
        row.addStretch(1)
        self.show_look(self._look)
        self.colours.currentIndexChanged.connect(self._on_changed)
        self.scale.scale_chosen.connect(self._on_changed)
        for spin in (self.low, self.high, self.clip, self.gamma):
            spin.setKeyboardTracking(False)
            spin.valueChanged.connect(self._on_changed)
        self.smooth.toggled.connect(self._on_changed)
        self.usual.clicked.connect(self._on_usual)

    def show_look(self, look: MapsLook) -> None:
        """Show what is chosen, without a signal."""
        self._look = look
        controls = (
            self.colours, self.scale, self.low, self.high, self.clip, self.gamma, self.smooth,
        )  # fmt: skip
        blockers = [QSignalBlocker(control) for control in controls]
        self.colours.setCurrentIndex(self.colours.findData(look.colours))
        self.scale.setCurrentIndex(self.scale.findData(look.scale))
        self.low.setValue(look.low)
        self.high.setValue(look.high)
        self.clip.setValue(look.clip)
        self.gamma.setValue(look.gamma)
        self.smooth.setChecked(look.smooth)
        del blockers
        self._arrange()

    def _arrange(self) -> None:
        fixed = self._look.scale == "fixed"
        self.low.setVisible(fixed)
        self.high.setVisible(fixed)
        self.clip.setVisible(not fixed)  # a fixed scale clips by itself

    def _name(self, control: QWidget, name: str, tip: str) -> None:
        control.setAccessibleName(name)
        control.setToolTip(tip)

    def _number(self, name: str, tip: str) -> QDoubleSpinBox:
        spin = _NumberBox()
        spin.setRange(-1e9, 1e9)
        spin.setDecimals(9)
        spin.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        spin.setMaximumWidth(92)
        self._name(spin, name, tip)
        return spin

    def _on_changed(self) -> None:
        low, high = self.low.value(), self.high.value()
        if low >= high:  # the other end gives way
            moved = low != self._look.low
            low, high = (low, low + abs(low) + 1) if moved else (high - abs(high) - 1, high)
        look = replace(
            self._look,
            colours=self.colours.currentData(),
            scale=self.scale.currentData(),
            low=low,
            high=high,
            clip=self.clip.value(),
            gamma=self.gamma.value(),
            smooth=self.smooth.isChecked(),
        )
        if look != self._look:
            self.show_look(look)
            self.look_changed.emit(look)

    def _on_usual(self) -> None:
        usual = MapsLook(sort=self._look.sort, hide_dead=self._look.hide_dead)
        if usual != self._look:
            self.show_look(usual)
            self.look_changed.emit(usual)
