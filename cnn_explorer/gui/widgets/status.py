"""The status bar: what is on show, what the engine does and how to stop it."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QLabel, QProgressBar, QSizePolicy, QStatusBar, QToolButton, QWidget

from cnn_explorer.gui.widgets.theme import GAP, icon

if TYPE_CHECKING:
    # imported after the first paint, at which this bar is there
    from cnn_explorer.gui.state.explorer import Busy
    from cnn_explorer.gui.state.shown import NetworkShown
    from cnn_explorer.probe.precision import Arithmetic

_LONGEST = 40
"""Letters of what is watched."""
_PATIENCE = 250  # ms; work that ends sooner shows no bar, which would only flicker


class StatusBar(QStatusBar):
    """One quiet line below everything."""

    cancel_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self.setContentsMargins(GAP, 0, GAP, 0)
        self._facts = QLabel()
        self._facts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        # a long line is cut off rather than widening the window
        self._facts.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._task = QLabel()
        self._bar = QProgressBar()
        self._bar.setFixedSize(160, 8)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(self.tr("Progress"))
        self._cancel = QToolButton()
        self._cancel.setText(self.tr("Cancel"))
        self._cancel.setToolTip(self.tr("Stop this work (Esc). What is shown stays."))
        self._cancel.setAutoRaise(True)
        self._cancel.clicked.connect(self.cancel_asked)
        self._live = QLabel()
        self._live.setTextFormat(Qt.TextFormat.PlainText)
        self._live.setToolTip(self.tr("This is watched live. Space freezes it."))
        self._live.hide()
        self.addWidget(self._facts, 1)
        self.addPermanentWidget(self._live)
        self.addPermanentWidget(self._task)
        self.addPermanentWidget(self._bar)
        self.addPermanentWidget(self._cancel)
        self._busy: Busy | None = None
        self._network = ""
        """What stands before the precision: the network, its weights, its totals."""
        self._rows: tuple[str, ...] = ()
        self._precision = "exact"
        self._arithmetic: Arithmetic | None = None
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_PATIENCE)
        self._patience.timeout.connect(self._show_busy)
        self._hide_busy()

    def show_network(self, shown: NetworkShown) -> None:
        """Name the network, its weights and its totals."""
        from cnn_explorer.graph.numbers import NUMBER_KINDS, Numbers, format_number

        numbers = Numbers(shown.graph)
        totals = {
            kind: format_number(total, kind.key)
            for kind in NUMBER_KINDS
            if kind.key in ("parameters", "macs", "memory")
            and (total := numbers.total(kind.key)) is not None
        }
        self._network = self.tr("{title} · weights: {weights} · {totals}").format(
            title=shown.card.title,
            weights=shown.weights,
            totals=" · ".join(f"{total} {kind.title.lower()}" for kind, total in totals.items()),
        )
        self._rows = tuple(
            f"{kind.title}: {total}. {kind.explained}" for kind, total in totals.items()
        )
        self._show_facts()

    def show_precision(self, precision: str) -> None:
        """The precision chosen, ``exact`` or ``fast``; the next run tells what that came to."""
        self._precision = precision
        self._show_facts()

    def show_arithmetic(self, arithmetic: Arithmetic | None) -> None:
        """In which numbers the network on show ran; None where it has not run yet."""
        self._arithmetic = arithmetic
        self._show_facts()

    def _show_facts(self) -> None:
        if not self._network:
            return
        computed = f"CPU, {self._computed()}"
        facts = f"{self._network} · {computed}"
        self._facts.setText(facts)
        note = "" if self._arithmetic is None else self._arithmetic.note
        explained = note or (
            self.tr(
                "Fast: this was the quickest of three ways to compute, measured on this computer. "
                "Values differ a little from exact ones."
            )
            if self._precision == "fast"
            else self.tr("Exact: computed as torch does by itself.")
        )
        rows = (facts, *self._rows, f"{computed}. {explained}")
        self._facts.setToolTip("".join(f"<p>{html.escape(row)}</p>" for row in rows))

    def _computed(self) -> str:
        arithmetic = self._arithmetic
        if arithmetic is None:  # nothing ran yet
            return "float32" if self._precision == "exact" else self.tr("fast")
        if arithmetic.precision == "fast":
            return self.tr("fast: {how}").format(how=arithmetic.how)
        if arithmetic.note:
            return self.tr("{how} (not fast)").format(how=arithmetic.how)
        return arithmetic.how

    @property
    def facts(self) -> str:
        """What is said of the network."""
        return self._facts.text()

    @property
    def explained(self) -> str:
        """The tool tip of that, as rich text."""
        return self._facts.toolTip()

    @property
    def task(self) -> str:
        """The work that is seen to go on; empty where none is."""
        return self._task.text() if self._task.isVisibleTo(self) else ""

    def show_opening(self, title: str) -> None:
        """A network is being opened: what was said of the one before is no longer so."""
        self._network = ""
        self._facts.setText(self.tr("Opening {} …").format(title))
        self._facts.setToolTip("")

    def show_busy(self, busy: Busy | None) -> None:
        """The work going on, shown once it has lasted; None when there is none."""
        self._busy = busy
        if busy is None:
            self._patience.stop()
            self._hide_busy()
        elif self._bar.isVisibleTo(self):
            self._show_busy()
        elif not self._patience.isActive():
            self._patience.start()

    def _show_busy(self) -> None:
        busy = self._busy
        if busy is None:
            return
        self._task.setText(busy.title + " …")
        if busy.fraction < 0:
            self._bar.setRange(0, 0)
        else:
            self._bar.setRange(0, 1000)
            self._bar.setValue(round(busy.fraction * 1000))
        for widget in (self._task, self._bar, self._cancel):
            widget.show()

    def _hide_busy(self) -> None:
        for widget in (self._task, self._bar, self._cancel):
            widget.hide()

    def show_live(self, title: str) -> None:
        """Name what is watched; empty for nothing."""
        shown = title if len(title) <= _LONGEST else title[: _LONGEST - 1] + "…"
        self._live.setText(self.tr("● Live: {}").format(shown))
        self._live.setVisible(bool(title))

    @property
    def live(self) -> str:
        """What is said of what is watched."""
        return "" if self._live.isHidden() else self._live.text()

    def load_icons(self) -> None:
        """Give the button its icon, in the colours of the palette."""
        self._cancel.setIcon(icon("ph.x", self))
