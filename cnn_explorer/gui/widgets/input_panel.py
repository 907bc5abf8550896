"""The input side: a picture or the drawing pad, what the network sees of it, and samples."""

from typing import Any

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QSizePolicy,
    QSpacerItem,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.gui.state.framing_choice import FramingOffered
from cnn_explorer.gui.state.picture_link import Place, Region
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.drawing_pad import DrawingPad
from cnn_explorer.gui.widgets.framing_bar import FramingBar
from cnn_explorer.gui.widgets.live_page import LivePage
from cnn_explorer.gui.widgets.picture_strip import PictureStrip
from cnn_explorer.gui.widgets.picture_view import PictureView, SeenPreview
from cnn_explorer.gui.widgets.samples_row import SamplesRow
from cnn_explorer.gui.widgets.segmented_switch import SegmentedSwitch
from cnn_explorer.media.picture import Picture
from cnn_explorer.probe.framing import AS_TRAINED
from cnn_explorer.probe.results import PreparedInput

_PICTURE, _DRAW, _LIVE = 0, 1, 2
_UNLIMITED = 16_777_215
"""Qt's QWIDGETSIZE_MAX."""
_FEW_PIXELS = 36
"""Side of an input so small that it is shown three times as large at least."""
_WITH_WORDS = 336
"""From this width on the buttons show words beside their icons."""


class InputPanel(QWidget):
    """Where a person puts in a picture, by file, clipboard, sample or hand."""

    open_asked = Signal()
    paste_asked = Signal()
    sample_chosen = Signal(object)
    """The `Path` of a sample picture."""
    drawing_changed = Signal(object)
    """The drawing as a `Picture`; also when a person comes back to it."""
    drawing_cleared = Signal()
    """The paper has become empty, while it was what the network looked at."""
    picture_chosen = Signal(object)
    """A person turned from the pad back to the `Picture` that was shown before."""
    live_left = Signal()
    """A person turns from what is live to another page."""
    place_pointed = Signal(object)
    """The `Place` marked on the picture that the network looks at, or None."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._subject: Picture | None = None  # what the network looks at now
        self._place: Place | None = None  # last told
        self._prepared: PreparedInput | None = None
        self._compared = False
        self._showed_seen = False
        self._framing: FramingOffered | None = None
        self._side = 224  # of what the network sees, pixels
        self._icons_due = True
        self.picture_view = PictureView()
        self.pad = DrawingPad()
        self.live_page = LivePage()
        self.seen = SeenPreview()
        self.seen.hide()
        self.framing_bar = FramingBar()
        self.samples = SamplesRow()
        self.strip = PictureStrip()
        self.switch = SegmentedSwitch(
            (
                (self.tr("Picture"), self.tr("Show a picture to the network.")),
                (self.tr("Draw"), self.tr("Draw a digit for the network.")),
                (self.tr("Live"), self.tr("Show a camera, a video or the screen to the network.")),
            )
        )
        self.open_button = self._button(self.tr("Open…"), self.tr("Open a picture (Ctrl+O)."))
        self.paste_button = self._button(
            self.tr("Paste"), self.tr("Paste a picture from the clipboard (Ctrl+V).")
        )
        self._stack = QStackedWidget()
        self._stack.addWidget(self.picture_view)
        self._stack.addWidget(self.pad)
        self._stack.addWidget(self.live_page)

        head = QHBoxLayout()
        head.setSpacing(theme.GAP // 2)
        head.addWidget(self.switch)
        head.addStretch(1)
        head.addWidget(self.open_button)
        head.addWidget(self.paste_button)
        self._body = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._body.setSpacing(theme.GAP)
        self._body.addWidget(self._stack, 1)
        self._body.addWidget(self.seen)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, theme.GAP, theme.MARGIN, theme.GAP)
        layout.setSpacing(theme.GAP)
        layout.addLayout(head)
        layout.addLayout(self._body, 1)
        layout.addWidget(self.framing_bar)
        # what a tall panel has to spare stands below all that is of the picture
        self._spare = QSpacerItem(0, 0, QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Expanding)
        layout.addItem(self._spare)
        layout.addWidget(self.samples)
        layout.addWidget(self.strip)
        self.samples.setVisible(self.samples.count() > 0)
        # an explicit minimum, for the words beside the icons are given up below it
        self.setMinimumSize(224, 250)

        self.picture_view.open_asked.connect(self.open_asked)
        self.picture_view.place_pointed.connect(self._tell_place)
        self.live_page.view.place_pointed.connect(self._tell_place)
        self.live_page.resized_inside.connect(self._arrange)
        self.open_button.clicked.connect(self.open_asked)
        self.paste_button.clicked.connect(self.paste_asked)
        self.samples.sample_chosen.connect(self.sample_chosen)
        self.strip.offered.connect(self._show_rows)
        self.pad.drawing_changed.connect(self._on_drawing_changed)
        self.pad.cleared.connect(self._on_cleared)
        self.switch.chosen.connect(self._on_page_chosen)

    def show_picture(self, picture: Picture, *, live: bool = False) -> None:
        """Show a picture. One that was drawn on the pad stays where it is, on the pad; one that is
        `live` and was not drawn is the next frame of what is watched."""
        if self.live_page.has(picture) or (live and not self.pad.made(picture)):
            self._show_next(picture)
            return
        self._subject = picture
        if self.pad.made(picture):
            self._show_page(_DRAW)
        else:
            self.picture_view.show_picture(picture)
            self._show_page(_PICTURE)
        self._tell_place()
        self._arrange()

    def _show_next(self, picture: Picture) -> None:
        """Show the next frame. Nothing moves as long as frames are of one size."""
        self._subject = picture
        resized = self.live_page.show_next(picture)
        turned = self._stack.currentIndex() != _LIVE
        if turned:
            self._show_page(_LIVE)
        elif resized:
            self._arrange()
        if turned or resized:
            self._show_frame()  # it may be offered as it was for a picture of the same size
            self._tell_place()

    def show_prepared(self, prepared: PreparedInput | None) -> None:
        """Show what the network sees of the picture last shown or drawn; None: not known yet."""
        self._prepared = prepared
        prepared = None if self._compared else prepared
        subject = self._subject if prepared is not None else None
        self.seen.show_prepared(prepared if subject is not None else None)
        live = self.live_page.view
        if prepared is None or subject is None:
            self.picture_view.show_crop(None)
            live.show_crop(None)
        elif subject is self.picture_view.picture:
            self.picture_view.show_crop(prepared.crop)
        elif subject is live.picture:
            live.show_crop(prepared.crop)
        if self._shows_seen() != self._showed_seen:
            self._arrange()

    def set_compared(self, compared: bool) -> None:
        """Several networks look at the picture: what one of them sees is left out."""
        self._compared = compared
        self.show_prepared(self._prepared)
        self._show_frame()

    def show_framing(self, offer: FramingOffered | None) -> None:
        """Show how the picture last shown is framed, and let a person change it."""
        self._framing = offer
        self._show_frame()

    def show_field(self, field: Region | None) -> None:
        """Frame what a unit sees, in pixels of the picture last shown or drawn."""
        self.seen.show_field(field)
        shown = self._view()
        for view in (self.picture_view, self.live_page.view):
            view.show_field(field if view is shown else None)

    def mark_place(self, place: Place | None) -> None:
        """Mark a place of the picture, as a click on it does. On the pad nothing is marked."""
        view = self._view()
        if view is not None:
            view.mark_place(place)

    def set_kind(self, kind: str | None, side: int = 224) -> None:
        """Suit the panel to a network for ``photo`` or ``digit`` pictures of `side` pixels.

        The page turns to what suits it as long as nothing was put in yet.
        """
        self.samples.set_kind(kind)
        if side != self._side:
            self._side = side
            self._arrange()
        if self._subject is None:
            self._show_page(_DRAW if kind == "digit" else _PICTURE)

    def show_pad(self) -> None:
        """Turn to the drawing pad, as a click on Draw does."""
        self._on_page_chosen(_DRAW)

    def show_live(self) -> None:
        """Turn to the page of cameras and videos, as a click on Live does."""
        self._on_page_chosen(_LIVE)

    def set_icons(self) -> None:
        """Load the icons of the buttons. It happens by itself after the first paint."""
        self._icons_due = False
        self.open_button.setIcon(theme.icon("ph.folder-open", self))
        self.paste_button.setIcon(theme.icon("ph.clipboard-text", self))
        self._fit_buttons()

    def _button(self, text: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(text.rstrip("…"))
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setIconSize(QSize(18, 18))
        return button

    def _fit_buttons(self) -> None:
        style = Qt.ToolButtonStyle
        words = self.width() >= _WITH_WORDS
        for button in (self.open_button, self.paste_button):
            only_words = button.icon().isNull()
            button.setToolButtonStyle(
                style.ToolButtonTextOnly
                if only_words
                else style.ToolButtonTextBesideIcon
                if words
                else style.ToolButtonIconOnly
            )

    def _arrange(self) -> None:
        """The preview under the picture, or beside it where the panel is low, as large as fits."""
        # on the pad it keeps its place, for the paper must not shrink under the first stroke
        page = self._stack.currentIndex()
        seen = self._showed_seen = self._shows_seen()
        self._show_rows()
        space = self._body.geometry()
        if space.isEmpty():
            self.seen.setVisible(seen)
            return
        width, height = space.width(), space.height() + self._spare.geometry().height()
        beside = width > 1.15 * height
        if page == _LIVE:
            below = theme.GAP + SeenPreview.SMALLEST if seen and not beside else 0
            if below and not self.live_page.fits(height - below):
                # the frame itself shows what is cut out of it: the preview is the first to go
                seen, below = False, 0
            self.live_page.fit(height - below)
        self.seen.setVisible(seen)
        shown = (self.live_page.view if page == _LIVE else self.picture_view).picture
        on_picture = page != _DRAW and shown is not None
        aspect = shown.width / shown.height if on_picture and shown is not None else 1.0
        tools = 0 if on_picture else self.pad.tools_height()
        if page == _LIVE:
            tools = self.live_page.chrome_height()
        if beside:
            free = width - theme.GAP - (height - tools) * aspect
            free = min(free, height - self.seen.words_height())
        else:
            free = height - theme.GAP - tools - width / aspect
        if on_picture and self._side <= _FEW_PIXELS:  # they are to be made out one by one
            free = max(free, 3 * self._side)
        self.seen.arrange(stacked=beside, side=int(free))
        # no taller than its picture, so that what is seen of it stands right below
        tallest = round(width / aspect) + tools + 2 if on_picture and not beside else _UNLIMITED
        self._stack.setMaximumHeight(tallest)
        direction = QBoxLayout.Direction
        self._body.setDirection(direction.LeftToRight if beside else direction.TopToBottom)
        align = Qt.AlignmentFlag.AlignVCenter if beside else Qt.AlignmentFlag(0)
        item = self._body.itemAt(self._body.indexOf(self.seen))
        if item is not None and item.alignment() != align:  # else all would be laid out anew
            self._body.setAlignment(self.seen, align)

    def _show_frame(self) -> None:
        shown = self._view()
        offer = None if shown is None else self._framing
        in_sight = shown is {_PICTURE: self.picture_view, _LIVE: self.live_page.view}.get(
            self._stack.currentIndex()
        )
        was_hidden = self.framing_bar.isHidden()
        self.framing_bar.show_offer(offer if in_sight else None)
        outer = self.layout()
        if self.framing_bar.isHidden() != was_hidden and outer is not None:
            outer.activate()  # what stands above it has another room
            self._arrange()
        frame = None if offer is None else offer.frame
        if offer is not None and self._compared and offer.framing == AS_TRAINED:
            frame = None  # each network has its own
        seen = offer is not None and offer.preprocessing.kind == "photo"
        square = offer is not None and offer.square
        for view in (self.picture_view, self.live_page.view):
            view.show_frame(frame if view is shown else None, square=square, seen=seen)

    def _shows_seen(self) -> bool:
        """Whether there is a place for what the network sees."""
        page = self._stack.currentIndex()
        if page == _LIVE and self.live_page.view.picture is None:
            return False  # what it saw of another picture would stand below no frame
        return not self._compared and (page == _DRAW or self._subject is not None)

    def _show_rows(self) -> None:
        """Show the series or, in its place, the samples; neither where something is live."""
        live = self._stack.currentIndex() == _LIVE
        self.strip.set_wanted(not live)
        offered = self.strip.is_offered
        self.samples.setVisible(not live and not offered and self.samples.count() > 0)

    def _show_page(self, page: int) -> None:
        self._stack.setCurrentIndex(page)
        self.switch.set_current(page)
        self._show_frame()
        self._arrange()

    def _on_page_chosen(self, page: int) -> None:
        if page != _LIVE and self._stack.currentIndex() == _LIVE:
            self.live_left.emit()
            frame = self.live_page.view.picture
            if page == _PICTURE and self.picture_view.picture is None and frame is self._subject:
                self.picture_view.show_picture(frame)  # the page would stand empty
        self._show_page(page)
        shown = self.picture_view.picture
        if page == _LIVE:
            self.live_page.view.setFocus(Qt.FocusReason.OtherFocusReason)
        elif page == _DRAW:
            self.pad.setFocus(Qt.FocusReason.OtherFocusReason)
            drawing = self.pad.picture()
            if drawing is not None and not self._on_pad():
                self._on_drawing_changed(drawing)
        elif shown is not None and shown is not self._subject:
            self._subject = shown
            self._tell_place()
            self.show_prepared(None)
            self.picture_chosen.emit(shown)

    def _view(self) -> PictureView | None:
        """Where the picture is shown that the network looks at; None for a drawing."""
        for view in (self.picture_view, self.live_page.view):
            if self._subject is not None and self._subject is view.picture:
                return view
        return None

    def _tell_place(self) -> None:
        """Of another picture than the network looks at no place is marked."""
        view = self._view()
        place = None if view is None else view.place
        if place != self._place:
            self._place = place
            self.place_pointed.emit(place)

    def _on_pad(self) -> bool:
        """Whether the network looks at a drawing."""
        return self._subject is not None and self.pad.made(self._subject)

    def _on_drawing_changed(self, picture: Picture) -> None:
        if not self._on_pad():
            self.show_prepared(None)
        self._subject = picture
        self._tell_place()
        self._arrange()
        self.drawing_changed.emit(picture)

    def _on_cleared(self) -> None:
        if self._on_pad():
            self._subject = None
            self.show_prepared(None)
            self.drawing_cleared.emit()

    # Overrides of Qt

    def sizeHint(self) -> QSize:
        return QSize(316, 440)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._icons_due:
            # the first icon loads the icon fonts, which may wait until the window stands
            self._icons_due = False
            QTimer.singleShot(0, self, self.set_icons)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_buttons()
        self._arrange()

    def changeEvent(self, event: Any) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._icons_due = True
        super().changeEvent(event)
