"""What chooses how the weights of a layer are looked at: the controls of the Filters tab."""

from PySide6.QtCore import QObject, QSignalBlocker, Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QSlider, QSpinBox, QWidget

from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.maps_view import LARGEST_TILE, SMALLEST_TILE
from cnn_explorer.gui.widgets.matrix_view import LARGEST_CELL
from cnn_explorer.gui.widgets.panel_parts import ColourBar, ScaleBox, SizeSlider

_NARROW = 676
"""Below so many pixels of the panel, the boxes cut off what they say."""
_WIDE = 760
"""From so many on there is room for a slider that can be aimed with."""


class FiltersControls(QObject):
    """The controls, in the order in which they stand."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.part = QComboBox()
        self.part.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.part.setAccessibleName(self.tr("What to show of the layer"))
        self.part.setToolTip(self.tr("What to show of the layer's weights."))
        self.output = QSpinBox()
        self.output.setPrefix(self.tr("Output "))
        self.output.setAccessibleName(self.tr("Output channel"))
        self.output.setToolTip(
            self.tr("The output channel whose kernels are shown, one for each input channel.")
        )
        self.output_slider = QSlider(Qt.Orientation.Horizontal)
        self.output_slider.setFixedWidth(104)
        self.output_slider.setAccessibleName(self.tr("Output channel"))
        self.output_slider.setToolTip(self.output.toolTip())
        self.choice = QWidget()
        choice = QHBoxLayout(self.choice)
        choice.setContentsMargins(0, 0, 0, 0)
        choice.setSpacing(theme.GAP // 2)
        choice.addWidget(self.output)
        choice.addWidget(self.output_slider)
        self.sort = QComboBox()
        self.sort.addItem(self.tr("By number"), "index")
        self.sort.addItem(self.tr("By norm"), "norm")
        self.sort.setAccessibleName(self.tr("Order of the kernels"))
        self.sort.setToolTip(
            self.tr("Sort kernels by the number of their channel, or by their norm: largest first.")
        )
        self.side_choice = QComboBox()
        for title, name in (
            (self.tr("Alone"), ""),
            (self.tr("+ Spectrum"), "spectrum"),
            (self.tr("+ Numbers"), "numbers"),
            (self.tr("+ Statistics"), "statistics"),
        ):
            self.side_choice.addItem(title, name)
        self.side_choice.setAccessibleName(self.tr("What to show beside the weights"))
        self.side_choice.setToolTip(
            self.tr(
                "Show beside the weights the Fourier spectrum of the selected kernel, the weights "
                "as numbers to copy, or statistics of each output."
            )
        )
        self.bar = ColourBar()
        self.scale = ScaleBox()
        self.tile_slider = SizeSlider(SMALLEST_TILE, LARGEST_TILE)
        self.tile_slider.setMinimumWidth(40)
        self.cell_slider = SizeSlider(1, LARGEST_CELL)
        self._boxes = (self.part, self.sort, self.scale, self.side_choice)
        for box in self._boxes:
            box.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.all = (
            self.choice, self.bar, self.part, self.sort, self.scale, self.tile_slider,
            self.cell_slider, self.side_choice,
        )  # fmt: skip
        self.output_slider.valueChanged.connect(self.output.setValue)
        self.output.valueChanged.connect(self._on_output_changed)

    def set_outputs(self, count: int, chosen: int) -> None:
        """Offer so many outputs, one of them chosen; nothing is emitted."""
        for control in (self.output, self.output_slider):
            with QSignalBlocker(control):
                control.setRange(0, count - 1)
                control.setValue(min(chosen, count - 1))

    def fit(self, width: int) -> None:
        """Let the boxes show all that they say, where a panel of this width has room; the slider
        beside the number of the output only where it is wide."""
        self.output_slider.setVisible(width >= _WIDE)
        for box in self._boxes:
            box.setMinimumWidth(56 if width < _NARROW else box.sizeHint().width())

    def _on_output_changed(self, output: int) -> None:
        with QSignalBlocker(self.output_slider):
            self.output_slider.setValue(output)
