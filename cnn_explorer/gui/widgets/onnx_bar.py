"""Above the graph of an ONNX file: how pictures are given to it, and the way to say otherwise."""

from PySide6.QtCore import QCoreApplication, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.panel_parts import QuietLabel
from cnn_explorer.networks.onnx_facts import (
    ORDERS,
    SIZES,
    VALUES,
    OnnxOffer,
    PictureInput,
    described,
)


def _tr(text: str) -> str:
    return QCoreApplication.translate("onnx_bar", text)


class OnnxBar(QWidget):
    """One row: the input in words, and the button to change it. Hidden for other networks."""

    input_chosen = Signal(object, object)
    """A file's path and the `PictureInput` chosen for it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._offer: OnnxOffer | None = None
        self.said = QuietLabel()
        self.change_button = QPushButton(self.tr("Input…"))
        self.change_button.setToolTip(
            self.tr(
                "The size, the range of values and the order of colours that pictures are given "
                "to the network in. A file does not say them; they are guessed at first."
            )
        )
        label = QLabel(self.tr("ONNX input"))
        label.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.MARGIN, 0, theme.GAP, 6)
        row.setSpacing(theme.GAP)
        row.addWidget(label)
        row.addWidget(self.said, 1)
        row.addWidget(self.change_button)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.change_button.clicked.connect(self._on_change_asked)
        self.show_offer(None)

    def show_offer(self, offer: OnnxOffer | None) -> None:
        """Show the input of the file on show; None where the network is no file."""
        self._offer = offer
        self.setVisible(offer is not None)
        if offer is not None:
            text = described(offer.chosen, offer.declared)
            self.said.setText(text)
            self.said.setToolTip(text)
            self.change_button.setVisible(not offer.declared.refusal)

    @Slot()
    def _on_change_asked(self) -> None:
        if self._offer is not None:
            dialog = InputDialog(self._offer, self)
            dialog.chosen.connect(self.input_chosen)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.open()


class InputDialog(QDialog):
    """Asks how pictures are given to an ONNX network."""

    chosen = Signal(object, object)
    """The file's path and a `PictureInput`, when the dialog was accepted with another choice."""

    def __init__(self, offer: OnnxOffer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._offer = offer
        now, declared = offer.chosen, offer.declared
        self.setWindowTitle(self.tr("Input of {}").format(offer.path.name))
        self.size_box = QSpinBox()
        self.size_box.setRange(*SIZES)
        self.size_box.setSuffix(self.tr(" pixels"))
        self.size_box.setValue(now.size)
        self.size_box.setEnabled(declared.side is None)
        if declared.side is not None:
            self.size_box.setToolTip(self.tr("The file says the size of its pictures."))
        self.values_box = QComboBox()
        for values in offer.values:
            self.values_box.addItem(_tr(VALUES[values]), values)
        self.values_box.setCurrentIndex(offer.values.index(now.values))
        self.order_box = QComboBox()
        for order, text in ORDERS.items():
            self.order_box.addItem(_tr(text), order)
        self.order_box.setCurrentIndex(list(ORDERS).index(now.order))
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.addRow(self.tr("&Size"), self.size_box)
        form.addRow(self.tr("&Values"), self.values_box)
        if declared.channels == 3:
            form.addRow(self.tr("&Colours"), self.order_box)
        note = QLabel(
            self.tr("Choose what the network was trained with: its answers are right only then.")
        )
        note.setWordWrap(True)
        note.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setSpacing(14)
        column.setContentsMargins(18, 18, 18, 14)
        column.addLayout(form)
        column.addWidget(note)
        column.addWidget(buttons)

    def accept(self) -> None:
        wanted = PictureInput(
            self.size_box.value(), self.values_box.currentData(), self.order_box.currentData()
        )
        if wanted != self._offer.chosen:
            self.chosen.emit(self._offer.path, wanted)
        super().accept()
