"""Which weights the network on show has, beside it: choose others, get those that are not here."""

from PySide6.QtCore import QCoreApplication, QEvent, QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFont, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolButton,
    QWidget,
)

from cnn_explorer.gui.state.downloads import DownloadProgress
from cnn_explorer.gui.state.network_model import percent_text
from cnn_explorer.gui.state.weights_choice import WeightsOffered, WeightsVersion
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.panel_parts import QuietLabel
from cnn_explorer.text import format_size

_HEIGHT = 34


def _tr(text: str) -> str:
    return QCoreApplication.translate("weights", text)


def state_text(version: WeightsVersion) -> str:
    """Where weights are, in a word or two."""
    return {
        "shipped": _tr("shipped"),
        "downloaded": _tr("downloaded"),
        "absent": _tr("not downloaded"),
        "missing": _tr("not in this copy of the program"),
        "random": _tr("untrained"),
        "file": _tr("opened by hand"),
    }[version.state]


def terms_text(version: WeightsVersion) -> str:
    """The terms of weights that have their own, in a word: ``CC BY-NC 4.0``."""
    return version.entry.terms if version.entry is not None else ""


def version_text(version: WeightsVersion) -> str:
    """A version on one line: ``ImageNet V2 · 80.9 % · not downloaded``."""
    if version.state == "random":
        return _tr("random (untrained)")
    parts = (version.tag, percent_text(version.accuracy), state_text(version))
    return " · ".join(filter(None, parts))


def progress_text(progress: DownloadProgress) -> str:
    """How far a download is: ``42.1 of 97.8 MB, 8.3 MB/s``."""
    if progress.waiting:
        return _tr("waits for its turn")
    if not progress.done:
        return _tr("connecting …")
    done = format_size(progress.done)
    if progress.total:
        total = format_size(progress.total)
        if done.split()[-1] == total.split()[-1]:
            done = done.split()[0]  # one unit for both
        done = _tr("{done} of {total}").format(done=done, total=total)
    if not progress.speed:
        return done
    return _tr("{done}, {speed}/s").format(done=done, speed=format_size(round(progress.speed)))


class _Versions(QComboBox):
    """Chooses a version. The wheel scrolls past it: a network would be opened by chance."""

    # Overrides of Qt

    def sizeHint(self) -> QSize:
        # the same for every network: what stands beside it keeps its place
        return QSize(300, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(104, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - drawn whole
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        kind = QStyle.ComplexControl.CC_ComboBox
        part = QStyle.SubControl.SC_ComboBoxEditField
        room = self.style().subControlRect(kind, option, part, self).width() - 8
        option.currentText = self.fontMetrics().elidedText(
            self.currentText(), Qt.TextElideMode.ElideRight, room
        )
        painter = QStylePainter(self)
        painter.drawComplexControl(kind, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class _Said(QuietLabel):
    """How far a download is. Its width does not follow the numbers: the button beside it stays."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    # Overrides of Qt

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        longest = _tr("888.8 of 888.8 MB, 88.8 MB/s")
        width = max(metrics.horizontalAdvance(text) for text in (longest, self.text()))
        return QSize(width + 2, metrics.height() + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(16, self.sizeHint().height())


class WeightsBar(QWidget):
    """One row: the version of the weights, and the button or the progress of getting it."""

    version_chosen = Signal(int)
    """A version was chosen: its place in the offer."""
    get_asked = Signal()
    """The weights offered are to be downloaded."""
    cancel_asked = Signal()
    """Their download is to be stopped."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._offer: WeightsOffered | None = None
        self._icons_due = True
        policy = QSizePolicy.Policy
        self._label = QLabel(self.tr("&Weights"))
        self._label.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        self.versions = _Versions()
        self.versions.setAccessibleName(self.tr("Version of the weights"))
        self.versions.setToolTip(
            self.tr("The weights that the network runs with (Ctrl+Shift+L). Random ones show what "
                    "the layers make of a picture before any training.")
        )  # fmt: skip
        self.versions.setSizePolicy(policy.Preferred, policy.Fixed)
        self._label.setBuddy(self.versions)
        self.get_button = QPushButton()
        self.get_button.setFont(theme.text_font(weight=QFont.Weight.Medium))
        self.get_button.setIconSize(QSize(16, 16))
        self.progress = QProgressBar()
        self.progress.setFixedHeight(8)
        self.progress.setMinimumWidth(48)
        self.progress.setMaximumWidth(120)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName(self.tr("Progress of the download"))
        self.said = _Said()
        self.cancel_button = QToolButton()
        self.cancel_button.setText(self.tr("Cancel"))
        self.cancel_button.setToolTip(self.tr("Stop this download. What is shown stays."))
        self.cancel_button.setAutoRaise(True)
        self.cancel_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.cancel_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.MARGIN, 0, theme.GAP, 6)
        row.setSpacing(theme.GAP)
        row.addWidget(self._label)
        row.addWidget(self.versions)
        row.addWidget(self.get_button)
        row.addWidget(self.progress)
        row.addWidget(self.said)
        row.addWidget(self.cancel_button)
        row.addStretch(1)
        self.setSizePolicy(policy.Preferred, policy.Fixed)
        self.versions.activated.connect(self.version_chosen)
        self.get_button.clicked.connect(self.get_asked)
        self.cancel_button.clicked.connect(self.cancel_asked)
        self.show_offer(None)

    def show_offer(self, offer: WeightsOffered | None) -> None:
        """Show the versions of the network on show; None while there is none."""
        self._offer = offer
        self.setEnabled(offer is not None)
        if offer is None:
            with QSignalBlocker(self.versions):
                self.versions.clear()
            for part in (self.get_button, self.progress, self.said, self.cancel_button):
                part.hide()
            return
        texts = [version_text(version) for version in offer.versions]
        with QSignalBlocker(self.versions):
            if texts != [self.versions.itemText(n) for n in range(self.versions.count())]:
                self.versions.clear()
                self.versions.addItems(texts)
            self.versions.setCurrentIndex(offer.chosen)
        self._show_getting(offer)

    def focus_versions(self) -> None:
        """Go to the choice of versions."""
        self.versions.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _show_getting(self, offer: WeightsOffered) -> None:
        wanted, getting = offer.to_get, offer.getting
        had_focus = self.get_button.hasFocus() or self.cancel_button.hasFocus()
        self.get_button.setVisible(wanted is not None and getting is None)
        for part in (self.progress, self.cancel_button):
            part.setVisible(getting is not None)
        nothing = len(offer.versions) == 1  # but random ones
        self.said.setVisible(getting is not None or nothing)
        if nothing:
            self.said.setText(self.tr("There are no trained weights of it to choose."))
            self.said.setToolTip(self.tr("Load Weights (Ctrl+L) opens a file of your own."))
        if wanted is not None:
            facts = (format_size(wanted.size) if wanted.size else "", terms_text(wanted))
            said = ", ".join(filter(None, facts))
            self.get_button.setText(
                self.tr("Get weights ({facts})").format(facts=said)
                if said
                else self.tr("Get weights")
            )
            self.get_button.setToolTip(self._get_tip(wanted))
        if getting is not None:
            total = getting.total or (wanted.size if wanted is not None else 0)
            self.progress.setRange(0, 1000)
            self.progress.setValue(round(1000 * getting.done / total) if total else 0)
            text = progress_text(getting)
            self.said.setText(text)
            self.said.setToolTip(text)
            self.said.updateGeometry()
            self.progress.setAccessibleDescription(text)
        if had_focus:
            # the keyboard stays in the row, on what took the place of the button pressed
            places: tuple[QWidget, ...] = (self.get_button, self.cancel_button, self.versions)
            shown = next(place for place in places if not place.isHidden())
            shown.setFocus(Qt.FocusReason.OtherFocusReason)

    def _get_tip(self, version: WeightsVersion) -> str:
        server = ""
        if version.entry is not None:
            server = version.entry.url.split("//")[-1].split("/")[0]
        text = self.tr("Download {tag} from {server} into torch's cache.")
        text = text.format(tag=version.tag, server=server)
        licence = version.entry.licence if version.entry is not None else ""
        if licence:
            text += " " + self.tr("Its terms: {licence}").format(licence=licence)
        return text

    def load_icons(self) -> None:
        """Give the buttons their icons, in the colours of the palette."""
        self._icons_due = False
        self.get_button.setIcon(theme.icon("ph.download-simple", self))
        self.cancel_button.setIcon(theme.icon("ph.x", self))

    # Overrides of Qt

    def sizeHint(self) -> QSize:
        return QSize(480, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(super().minimumSizeHint().width(), _HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._icons_due:
            # the first icon loads the icon fonts, which may wait until the window stands
            self._icons_due = False
            QTimer.singleShot(0, self, self.load_icons)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._icons_due = True
        super().changeEvent(event)
