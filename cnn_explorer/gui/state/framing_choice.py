"""How a person frames pictures for the network on show, with a way back."""

from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal, Slot

from cnn_explorer.gui.state.explorer import Explorer
from cnn_explorer.gui.state.picture_link import Region
from cnn_explorer.networks.card import Preprocessing
from cnn_explorer.probe.framing import AS_TRAINED, Fit, Framing, frame_of

_MOST = 100
"""So many framings are remembered, to be taken back."""


@dataclass(frozen=True)
class FramingOffered:
    """How the picture on show is framed, and what there is to change."""

    preprocessing: Preprocessing
    """Of the weights on show."""
    framing: Framing
    frame: Region | None
    """In pixels of the picture; None without one."""

    @property
    def square(self) -> bool:
        """Whether the frame must be a square."""
        return self.framing.fit == "crop" and self.preprocessing.kind == "photo"


class FramingChoice(QObject):
    """Follows network and picture of the state, and changes how that is framed."""

    offered = Signal(object)
    """A `FramingOffered`, or None: there is no network that takes pictures."""

    def __init__(self, explorer: Explorer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._explorer = explorer
        self._offered: FramingOffered | None = None
        self._before: Framing | None = None  # the movement under way began
        self._earlier: list[Framing] = []
        explorer.network_shown.connect(self._offer)
        explorer.network_failed.connect(self._offer)
        explorer.picture_shown.connect(self._offer)
        explorer.picture_cleared.connect(self._offer)
        explorer.framing_told.connect(self._offer)

    @property
    def offer(self) -> FramingOffered | None:
        """What there is to change now."""
        network = self._explorer.network
        if network is None or network.refusal:
            return None
        rules = network.preprocessing or network.card.preprocessing
        picture, framing = self._explorer.picture, self._explorer.framing
        frame = None
        if picture is not None:
            frame = frame_of(picture.width, picture.height, rules, framing)
        return FramingOffered(rules, framing, frame)

    def fit(self, fit: Fit) -> None:
        """Make what is framed fit in another way."""
        self._choose(replace(self._explorer.framing, fit=fit))

    def move(self, frame: Region, moving: bool) -> None:
        """Frame another part of the picture. While it is `moving`, more is to come: all of it is
        taken back together."""
        picture = self._explorer.picture
        if picture is None:
            return
        framing = self._explorer.framing.with_pixels(frame, picture.width, picture.height)
        if not moving:
            self._choose(framing)
            return
        if self._before is None:
            self._before = self._explorer.framing
        self._explorer.frame_as(framing, moving=True)

    def give_up(self) -> None:
        """Undo the movement that is under way."""
        before, self._before = self._before, None
        if before is not None:
            self._explorer.frame_as(before)

    def take_back(self) -> None:
        """Go back to the framing before the last change."""
        if self._earlier:
            self._before = None
            self._explorer.frame_as(self._earlier.pop())

    def reset(self) -> None:
        """Frame pictures as the weights were trained."""
        self._choose(AS_TRAINED)

    def _choose(self, framing: Framing) -> None:
        before = self._before or self._explorer.framing
        self._before = None
        if framing != before:
            self._earlier = [*self._earlier[1 - _MOST :], before]
        self._explorer.frame_as(framing)

    @Slot()
    def _offer(self) -> None:
        offer = self.offer
        if offer != self._offered:  # the frames of a film are framed alike
            self._offered = offer
            self.offered.emit(offer)
