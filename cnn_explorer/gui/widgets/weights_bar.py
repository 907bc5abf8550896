"""Which weights the network on show has, beside it: choose others, get those that are not here."""

from collections.abc import Sequence

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
from cnn_explorer.gui.state.weights_choice import WeightsOffered, WeightsVersion
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.panel_parts import QuietLabel
from cnn_explorer.text import format_size

_HEIGHT = 34
_BETWEEN = " · "


def _tr(text: str) -> str:
    return QCoreApplication.translate("weights", text)


def state_text(version: WeightsVersion) -> str:
    """Where weights are, in a word or two."""
    return {
        "shipped": _tr("shipped"),
        "downloaded": _tr("downloaded"),
        "absent": _tr("not downloaded"),
        "missing": _tr("not in this copy"),
        "random": _tr("untrained"),
        "file": _tr("opened"),
    }[version.state]


def terms_text(version: WeightsVersion) -> str:
    """The terms of weights that have their own, in a word: ``CC BY-NC 4.0``."""
    return version.entry.terms if version.entry is not None else ""


def version_text(version: WeightsVersion) -> str:
    """A version on one line: ``ImageNet V2 · 80.9 % · not downloaded``."""
    if version.state == "random":
        return _tr("random (untrained)")
    parts = (version.tag, version.accuracy, state_text(version))
    return _BETWEEN.join(filter(None, parts))


def running_text(version: WeightsVersion, *, short: bool = False) -> str:
    """What a network runs with, beside a version that is not here: ``running: ImageNet V1``."""
    random = _tr("random") if short else _tr("random, untrained")
    tag = random if version.state == "random" else version.tag
    return _tr("running: {weights}").format(weights=tag)


def get_text(version: WeightsVersion, tags: Sequence[str]) -> str:
    """What the button gets, with size and terms of its own: ``Get weights (97.8 MB)``, of several
    ``Get V2 weights (97.8 MB)``."""
    words = version.tag.split()
    while len(words) > 1 and all(tag.split()[:1] == words[:1] for tag in tags):
        words, tags = words[1:], [tag.partition(" ")[2] for tag in tags]
    which = " ".join(words) if len(tags) > 1 else ""
    text = _tr("Get {version} weights").format(version=which) if which else _tr("Get weights")
    facts = (format_size(version.size) if version.size else "", terms_text(version))
    told = ", ".join(filter(None, facts))
    return f"{text} ({told})" if told else text


def short_progress_text(progress: DownloadProgress) -> str:
    """How far a download is where there is little room: ``43 %``."""
    if not progress.total:
        return "…"
    return _tr("{percent} %").format(percent=int(100 * progress.done / progress.total))


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
        option.currentText = self._fitted(self.currentText(), room)
        painter = QStylePainter(self)
        painter.drawComplexControl(kind, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def _fitted(self, text: str, room: int) -> str:
        """A version in less room: without its accuracy, then with less of its name. Where it is
        stays readable."""
        metrics = self.fontMetrics()
        name, *others = text.split(_BETWEEN)
        if metrics.horizontalAdvance(text) > room and others:
            rest = _BETWEEN + others[-1]
            left = room - metrics.horizontalAdvance(rest)
            if left > metrics.horizontalAdvance("V8…"):
                return metrics.elidedText(name, Qt.TextElideMode.ElideLeft, left) + rest
        return metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class _Said(QuietLabel):
    """How far a download is. Its width does not follow the numbers: the button beside it stays."""

    def __init__(self) -> None:
        super().__init__()
        self._short = ""
        self._longest = ""
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def say(self, text: str, short: str = "", longest: str = "") -> None:
        """Show a text; where it does not fit, the short one instead. There is room for `longest`,
        where the text is to change."""
        self._short, self._longest = short, longest
        self.setText(text)
        self.setToolTip(text)
        self.updateGeometry()

    def drawn_text(self) -> str:
        cut = self.fontMetrics().horizontalAdvance(self.text()) > self.width()
        return self._short if cut and self._short else self.text()

    # Overrides of Qt

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        width = max(metrics.horizontalAdvance(text) for text in (self._longest, self.text()))
        return QSize(width + 2, metrics.height() + 4)

    def minimumSizeHint(self) -> QSize:
        width = self.fontMetrics().horizontalAdvance("100 %") + 2 if self._short else 16
        return QSize(width, self.sizeHint().height())


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
        differs = offer.chosen != offer.running
        self.said.setVisible(getting is not None or nothing or differs)
        if nothing:
            self.said.say(
                self.tr("Its trained weights are not in this copy.")
                if offer.card.weights
                else self.tr("No trained weights for this network.")
            )
            self.said.setToolTip(self.tr("Open Weights (Ctrl+L) opens a file of your own."))
        elif differs:  # the name in the box is not what the answers come from
            running = offer.versions[offer.running]
            self.said.say(running_text(running), running_text(running, short=True))
        if wanted is not None:
            tags = [version.tag for version in offer.versions if version.entry is not None]
            self.get_button.setText(get_text(wanted, tags))
            self.get_button.setToolTip(self._get_tip(wanted))
        if getting is not None:
            total = getting.total or (wanted.size if wanted is not None else 0)
            self.progress.setRange(0, 1000)
            self.progress.setValue(round(1000 * getting.done / total) if total else 0)
            text = progress_text(getting)
            if getting.wanted.version != offer.versions[offer.chosen].tag and differs:
                text = self.tr("{version}: {progress}").format(
                    version=getting.wanted.version, progress=text
                )
            longest = self.tr("888.8 of 888.8 MB, 88.8 MB/s")
            self.said.say(text, short_progress_text(getting), longest)
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
