"""The numbers of the selected layer, of its channels, and of all layers over the depth."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QPoint, QSize, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.errors import ExplorerError
from cnn_explorer.graph.model import LayerGraph
from cnn_explorer.gui.state.channel_table import COLUMNS, FLAT_COLUMNS, ChannelTableModel
from cnn_explorer.gui.state.shown import ActivationsShown, ProfileShown
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.panel_parts import (
    EmptyState,
    PanelHeader,
    QuietLabel,
    copy_action,
    file_stem,
)
from cnn_explorer.gui.widgets.quiet_scroll_bar import THICK, quiet_bars
from cnn_explorer.gui.widgets.quiet_table import QuietTable
from cnn_explorer.gui.widgets.segmented_switch import SegmentedSwitch
from cnn_explorer.probe.failures import Failure, FailureKind
from cnn_explorer.probe.histogram import histogram_of
from cnn_explorer.probe.statistics import LayerStatistics
from cnn_explorer.text import capitalised, format_share, number_text

if TYPE_CHECKING:
    # pyqtgraph takes 0.3 s: it is imported when the tab is first looked at
    from cnn_explorer.gui.widgets.statistics_plots import HistogramPlot, ProfilePlot

FAILURE_SIGNS: Mapping[FailureKind, str] = {
    "not finite": "✕",
    "all zero": "●",
    "mostly dead": "◆",
    "saturated": "■",
    "constant": "+",
    "exploding": "▲",
    "vanishing": "▼",
}
"""As they are drawn above the curves."""
_SINCE = Qt.ItemDataRole.UserRole
_WIDTHS = (68, 70, 70, 70, 70, 54, 70)
"""Of the columns: a number that is cut is none."""
_PLOT = 240
"""Width of the histogram below which the table gives way to it."""


class StatisticsPanel(QWidget):
    """Two pages: *Layer* has the histogram of the selected layer or channel and the table of its
    channels, *Depth* one number of all layers as a curve and the list of what fails."""

    channel_chosen = Signal(int)
    """A channel of the layer on show; -1 for all of them."""
    layer_chosen = Signal(str)
    profile_asked = Signal()
    """The numbers of all layers are wanted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._graph: LayerGraph | None = None
        self._shown: ActivationsShown | None = None
        self._numbers: LayerStatistics | None = None
        self._channel = -1
        self._profile: ProfileShown | None = None
        self._selected = ""
        self._stale = False
        # a picture and a network are there; the profile was asked for; nobody wants it asked for
        # again; the profile is of this picture
        self._possible = self._asked = self._stopped = self._fresh = False
        self._following = False
        self._histogram: HistogramPlot | None = None
        self._curves: ProfilePlot | None = None
        self.model = ChannelTableModel(self)

        self.switch = SegmentedSwitch(
            (
                (self.tr("Layer"), self.tr("The histogram and the channels of the selected layer")),
                (self.tr("Depth"), self.tr("One number of all layers, and which of them fail")),
            )
        )
        self.layer_button, self.depth_button = self.switch.button(0), self.switch.button(1)
        self.whole_button = QToolButton()
        self.whole_button.setText(self.tr("All channels"))
        self.whole_button.setToolTip(self.tr("Show the histogram of the whole layer again"))
        self.whole_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.whole_button.setAutoRaise(True)
        self.log_counts = self._check(
            self.tr("Log"), self.tr("Count on a logarithmic scale: rare values are seen too")
        )
        self.measure = QComboBox()
        self.measure.setMinimumWidth(72)
        self.measure.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        for title, key in (
            (self.tr("Mean ± deviation"), "mean"),
            (self.tr("Deviation"), "deviation"),
            (self.tr("Minimum to maximum"), "extent"),
            (self.tr("Zeros"), "zeros"),
            (self.tr("Dead channels"), "dead"),
        ):
            self.measure.addItem(title, key)
        self.measure.setAccessibleName(self.tr("Which number of the layers"))
        self.measure.setToolTip(self.tr("The number that is drawn for each layer."))
        self.log_values = self._check(
            self.tr("Log"),
            self.tr("A logarithmic scale in both directions from 0: orders of magnitude are seen"),
        )
        self._layer_controls: tuple[QWidget, ...] = (self.whole_button, self.log_counts)
        self._depth_controls: tuple[QWidget, ...] = (self.measure, self.log_values)
        self.header = PanelHeader((*self._layer_controls, *self._depth_controls, self.switch))
        self.facts = QuietLabel()

        self.table = _Table()
        self.table.setModel(self.model)
        self.table.setAccessibleName(self.tr("Channels"))
        for number, width in enumerate(_WIDTHS):
            self.table.setColumnWidth(number, width)
        self.table.horizontalHeader().setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        self.table.setSortingEnabled(True)
        self._copy = copy_action(self.table, self.tr("Copy"), self.copy)

        self.failures = _List()
        self.failures.setAccessibleName(self.tr("Layers that fail"))

        self.empty = EmptyState()
        self.waiting = EmptyState()
        self.measure_button = QPushButton(self.tr("Measure the profile"))
        self.measure_button.setToolTip(
            self.tr("Run the network once and read the numbers of every layer")
        )
        self._layer_page = _split()
        self._layer_page.addWidget(self.table)
        self._depth_page = _split()
        self._depth_page.addWidget(self.failures)
        self._waiting_page = QWidget()
        self._waiting_page.setAutoFillBackground(True)
        self._waiting_page.setBackgroundRole(self.palette().ColorRole.Base)
        column = QVBoxLayout(self._waiting_page)
        column.setContentsMargins(0, 0, 0, theme.GAP)
        column.addWidget(self.waiting, 1)
        column.addWidget(self.measure_button, 0, Qt.AlignmentFlag.AlignHCenter)
        self._pages = QStackedWidget()
        for page in (self.empty, self._layer_page, self._waiting_page, self._depth_page):
            self._pages.addWidget(page)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.header)
        self._line = QWidget()
        line = QHBoxLayout(self._line)
        line.setContentsMargins(theme.MARGIN, 0, theme.MARGIN, theme.GAP // 2)
        line.addWidget(self.facts)
        whole.addWidget(self._line)
        whole.addWidget(self._pages, 1)

        self.switch.chosen.connect(self._on_page_chosen)
        self.whole_button.clicked.connect(self._on_whole_asked)
        self.log_counts.toggled.connect(self._show_histogram)
        self.measure.currentIndexChanged.connect(self._show_curves)
        self.log_values.toggled.connect(self._show_curves)
        self.measure_button.clicked.connect(self._ask)
        self.table.selectionModel().selectionChanged.connect(self._on_rows_selected)
        self.table.customContextMenuRequested.connect(self._on_menu_asked)
        self.failures.itemClicked.connect(self._on_failure_chosen)
        self.failures.itemActivated.connect(self._on_failure_chosen)
        self.clear("")

    def _check(self, text: str, tip: str) -> QCheckBox:
        check = QCheckBox(text)
        check.setToolTip(tip)
        return check

    # the layer

    def set_graph(self, graph: LayerGraph) -> None:
        """The graph of the network on show."""
        self._graph = graph

    def show_activations(self, shown: ActivationsShown) -> None:
        """Show the numbers of what a layer computed, when they are looked at."""
        before = self._shown
        if before is None or (before.card, before.layer) != (shown.card, shown.layer):
            self._channel = -1
        self._shown = shown
        self._fill_later()

    def set_channel(self, channel: int) -> None:
        """Show the histogram of one channel; -1 of all of them."""
        if channel == self._channel:
            return
        self._channel = channel
        if not self._stale and self._numbers is not None:
            self._show_channel()

    def clear(self, reason: str) -> None:
        """Show nothing of a layer but a sentence that says what to do; empty for the usual one."""
        self._shown = self._numbers = None
        self._channel = -1
        self.model.clear()
        self.empty.setText(
            reason or self.tr("Drop a picture and click a layer to see its numbers.")
        )
        self._fill_later()

    @property
    def channel(self) -> int:
        """The channel whose histogram is shown; -1 for all of them."""
        return self._channel

    @property
    def histogram(self) -> "HistogramPlot":
        """The plot of the layer's values."""
        if self._histogram is None:
            from cnn_explorer.gui.widgets.statistics_plots import HistogramPlot

            self._histogram = plot = HistogramPlot()
            self._layer_page.insertWidget(0, plot)
            self._layer_page.setStretchFactor(0, 1)
            self._layer_page.setStretchFactor(1, 0)
            # it came later than the rest and would be the last that Tab reaches
            QWidget.setTabOrder(self.depth_button, plot)
            QWidget.setTabOrder(plot, self.table)
            plot.read_changed.connect(self._on_bin_read)
            plot.saved.connect(self._on_saved)
            plot.failed.connect(self._on_failed)
        return self._histogram

    @property
    def curves(self) -> "ProfilePlot":
        """The plot over depth."""
        if self._curves is None:
            from cnn_explorer.gui.widgets.statistics_plots import ProfilePlot

            self._curves = plot = ProfilePlot()
            self._depth_page.insertWidget(0, plot)
            self._depth_page.setStretchFactor(0, 3)
            self._depth_page.setStretchFactor(1, 1)
            self._depth_page.setSizes([430, 220])
            QWidget.setTabOrder(self.table, plot)
            QWidget.setTabOrder(plot, self.failures)
            plot.read_changed.connect(self._on_layer_read)
            plot.chosen.connect(self._on_layer_clicked)
            plot.saved.connect(self._on_saved)
            plot.failed.connect(self._on_failed)
        return self._curves

    # the profile

    def offer_profile(self) -> None:
        """A picture and a network are there: the profile is asked for when it is looked at."""
        if not self._possible:
            self._possible = True
            if self.depth_button.isChecked():
                self._fill_later()

    def show_profile(self, shown: ProfileShown | None) -> None:
        """Show the numbers of all layers; None: those shown are of another picture."""
        self._asked = self._stopped = False
        self._fresh = shown is not None
        if shown is None:
            self._possible = False
            if self._curves is not None:
                self._curves.set_dimmed(True)
            return
        self._profile = shown
        self._possible = True
        if self.depth_button.isChecked():
            self._fill_later()

    def clear_profile(self) -> None:
        """There is no profile: another network is being opened, or there is no picture."""
        self.show_profile(None)
        self._profile = None
        if self._curves is not None:
            self._curves.clear()
        if self.depth_button.isChecked():
            self._fill_later()

    def show_stopped(self) -> None:
        """The profile that was asked for does not come."""
        self._asked, self._stopped = False, True
        if self.depth_button.isChecked():
            self._fill_later()

    def set_selected(self, layer: str) -> None:
        """Mark the selected layer, of a block the last one in it."""
        self._selected = layer
        if self._curves is not None:
            self._curves.set_selected(self._marked_layer())

    def _marked_layer(self) -> str:
        graph, profile = self._graph, self._profile
        if graph is None or profile is None:
            return ""
        inside = (
            name for name in profile.profile.layers if self._selected in graph.path.get(name, ())
        )
        return max(inside, key=list(profile.profile.layers).index, default="")

    @Slot()
    def _ask(self) -> None:
        self._asked, self._stopped = True, False
        self._show_page()
        self.profile_asked.emit()

    # filling

    def _fill_later(self) -> None:
        """Work out and draw only what is looked at."""
        self._stale = True
        if self.isVisible():
            self._fill()

    def _fill(self) -> None:
        self._stale = False
        if self.layer_button.isChecked():
            self._fill_layer()
        else:
            self._fill_depth()
        self._show_page()

    def _fill_layer(self) -> None:
        shown = self._shown
        if shown is None:
            return
        self._numbers = shown.statistics if shown.maps.size else None
        if self._numbers is None:
            self.empty.setText(self.tr("This layer's output is empty."))
            return
        self._following = True
        names = shown.class_names
        self.model.show_channels(self._numbers, names)
        for column in range(len(COLUMNS)):
            hidden = self.model.flat and column not in FLAT_COLUMNS
            if COLUMNS[column].key == "not_finite":
                hidden = not self._numbers.channels.not_finite.any()
            self.table.setColumnHidden(column, hidden)
        self.table.setColumnWidth(0, 200 if names else _WIDTHS[0])
        self._following = False
        self._share_width()
        self.histogram.set_file_name(f"{file_stem(shown.card.name, shown.layer)}-histogram")
        self._show_channel()

    def _share_width(self) -> None:
        """The table has the width that its columns need, the plot all else; until a person has
        chosen otherwise for a table of these columns."""
        needed = self.table.horizontalHeader().length() + THICK + theme.GAP
        if self.table.maximumWidth() != needed:
            self.table.setMaximumWidth(needed)
            plot = max(_PLOT, self._layer_page.width() - self._layer_page.handleWidth() - needed)
            self.histogram.setMinimumWidth(_PLOT // 2)
            self._layer_page.setSizes([plot, needed])

    def _fill_depth(self) -> None:
        if self._possible and not (self._fresh or self._asked or self._stopped):
            self._ask()
        if self._profile is not None:
            self.curves.set_dimmed(not self._fresh)
            self._show_curves()
            self._list_failures(self._profile.profile.failures)

    def _show_page(self) -> None:
        on_layer = self.layer_button.isChecked()
        for control in self._layer_controls:
            control.setVisible(on_layer and self._numbers is not None)
        self.whole_button.setVisible(on_layer and self._channel >= 0)
        for control in self._depth_controls:
            control.setVisible(not on_layer and self._has_curves)
        self.header.status.setText("")
        if on_layer:
            self._pages.setCurrentWidget(self.empty if self._numbers is None else self._layer_page)
        elif not self._has_curves:
            self.waiting.setText(
                self.tr("Reading the numbers of all layers…")
                if self._asked
                else self.tr("Here the numbers of all layers are drawn over the network's depth.")
                if self._possible
                else self.tr("Drop a picture to see the numbers of all layers over the depth.")
            )
            self.measure_button.setVisible(self._possible and not self._asked)
            self._pages.setCurrentWidget(self._waiting_page)
        else:
            self._pages.setCurrentWidget(self._depth_page)
        self._tell()
        self._line.setVisible(bool(self.facts.text()))
        self.header.arrange()

    @property
    def _has_curves(self) -> bool:
        """Whether there is a profile to be shown: of this picture, or of the one before until
        its own is there."""
        return self._profile is not None and (self._fresh or self._asked)

    def _tell(self) -> None:
        """Title and facts of the page."""
        shown, numbers = self._shown, self._numbers
        self.header.badge.set_untrained(False)
        if self.depth_button.isChecked():
            count = len(self._profile.profile.layers) if self._profile is not None else 0
            self.header.title.set_title(self.tr("All layers"))
            self.header.badge.set_untrained(bool(self._profile and not self._profile.trained))
            self.facts.setText(self._said_of_all(count) if count else "")
            self.facts.setToolTip("")
            return
        if shown is None or numbers is None:
            self.header.title.set_title("" if shown is None else shown.layer)
            self.facts.setText("")
            return
        self.header.badge.set_untrained(not shown.trained)
        rest = ""
        if self._channel >= 0:
            rest = self.tr(" · channel {}").format(self._channel)
            if shown.class_names:
                rest += f" · {shown.class_names[self._channel]}"
        self.header.title.set_title(shown.layer, rest)
        facts = self._facts(numbers)
        self.facts.setText("  ·  ".join(facts))
        self.facts.setToolTip("\n".join(facts))

    def _said_of_all(self, count: int) -> str:
        """What is said of all layers, or of the one that is read."""
        if self._curves is not None and self._curves.read >= 0:
            return self._curves.description(self._curves.read)
        assert self._profile is not None
        failing = len(self._profile.profile.failures)
        fails = self.tr("none fails") if not failing else self.tr("{} fail").format(failing)
        return self.tr("{count} layers in forward order  ·  {fails}").format(
            count=count, fails=fails if failing != 1 else self.tr("1 fails")
        )

    def _facts(self, numbers: LayerStatistics) -> list[str]:
        """The numbers of the layer, or of the channel on show."""
        broken = numbers.not_a_number + numbers.infinite
        channels, at = numbers.channels, self._channel
        mean, deviation = numbers.mean, numbers.deviation
        low, high, zeros = numbers.minimum, numbers.maximum, numbers.zeros
        if at >= 0:
            mean, deviation = float(channels.mean[at]), float(channels.deviation[at])
            low, high = float(channels.minimum[at]), float(channels.maximum[at])
            zeros, broken = float(channels.zeros[at]), int(channels.not_finite[at])
        facts = [
            self.tr("mean {}").format(number_text(mean)),
            self.tr("deviation {}").format(number_text(deviation)),
            self.tr("minimum {}").format(number_text(low)),
            self.tr("maximum {}").format(number_text(high)),
            self.tr("zeros {}").format(format_share(zeros)),
        ]
        if at < 0 and not self.model.flat:
            facts.append(
                self.tr("dead channels {} of {}").format(
                    f"{numbers.dead:,}", f"{len(channels.dead):,}"
                )
            )
        facts.append(self.tr("not finite {}").format(f"{broken:,}"))
        return facts

    def _show_channel(self) -> None:
        """The channel meant has changed, or what is known of it."""
        if self._channel >= self.model.rowCount():
            self._channel = -1
        self._following = True
        chosen = self.table.selectionModel()
        row = self.model.row_of(self._channel)
        if row < 0:
            self.table.clearSelection()
            chosen.clearCurrentIndex()
        else:
            flags = QItemSelectionModel.SelectionFlag
            index = self.model.index(row, 0)
            chosen.setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
            self.table.scrollTo(index)
        self._following = False
        self._show_histogram()
        self.whole_button.setVisible(self.layer_button.isChecked() and self._channel >= 0)
        self._tell()
        self.header.arrange()

    @Slot()
    def _show_histogram(self) -> None:
        shown = self._shown
        if shown is None or self._numbers is None:
            return
        values = shown.maps if self._channel < 0 or self.model.flat else shown.maps[self._channel]
        self.histogram.show_histogram(histogram_of(values), log=self.log_counts.isChecked())

    @Slot()
    def _show_curves(self) -> None:
        shown = self._profile
        if shown is None:
            return
        key = self.measure.currentData()
        self.log_values.setEnabled(key not in ("zeros", "dead"))
        self.curves.set_file_name(f"{Path(shown.graph.network).name}-{key}-over-depth")
        log = self.log_values.isChecked() and self.log_values.isEnabled()
        self.curves.show_profile(shown.profile, key, log=log)
        self.curves.set_selected(self._marked_layer())

    def _list_failures(self, failures: Mapping[str, Failure]) -> None:
        self.failures.clear()
        followers: dict[str, int] = {}
        for failure in failures.values():
            followers[failure.since] = followers.get(failure.since, 0) + 1
        for name, failure in failures.items():
            if failure.since != name:
                continue
            more = followers[name] - 1
            text = f"{FAILURE_SIGNS[failure.kind]} {failure.kind} · {name}"
            behind = self.tr("\nSo do the {} layers behind it.").format(more) if more else ""
            item = QListWidgetItem(f"{text} + {more}" if more else text)
            item.setToolTip(f"{text}\n{failure.sentence}{behind}")
            item.setData(_SINCE, name)
            self.failures.addItem(item)
        self.failures.setVisible(bool(failures))

    # gestures

    @Slot(int)
    def _on_page_chosen(self, number: int) -> None:
        del number
        self._fill()

    @Slot()
    def _on_whole_asked(self) -> None:
        self.set_channel(-1)
        self.channel_chosen.emit(-1)

    @Slot(QItemSelection, QItemSelection)
    def _on_rows_selected(self, selected: QItemSelection) -> None:
        # not the current row: a table that gets the keyboard makes its first row current
        rows = selected.indexes()
        channel = self.model.channel_at(rows[0].row()) if rows else -1
        if not self._following and channel != self._channel and channel >= 0:
            self._channel = channel
            self._show_channel()
            self.channel_chosen.emit(channel)

    @Slot(QListWidgetItem)
    def _on_failure_chosen(self, item: QListWidgetItem) -> None:
        name = item.data(_SINCE)
        if name:
            self.layer_chosen.emit(name)

    @Slot(int)
    def _on_bin_read(self, number: int) -> None:
        self.header.status.setText(self.histogram.description(number) if number >= 0 else "")

    @Slot(int)
    def _on_layer_read(self, number: int) -> None:
        del number
        self._tell()

    @Slot(int)
    def _on_layer_clicked(self, number: int) -> None:
        self.layer_chosen.emit(self.curves.names[number])

    @Slot(str)
    def _on_saved(self, path: str) -> None:
        self.header.status.setText(self.tr("Saved as {path}.").format(path=path))

    @Slot(str)
    def _on_failed(self, sentence: str) -> None:
        self.header.status.setText(capitalised(sentence))

    @Slot()
    def copy(self) -> None:
        """Put the selected channels on the clipboard, to be pasted into a table."""
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        if rows:
            QGuiApplication.clipboard().setText(self.model.as_tabbed(rows))

    def save_table(self, path: Path) -> None:
        """Save the numbers of all channels as comma-separated values."""
        from cnn_explorer.media.save import write_text

        try:
            write_text(path, self.model.as_csv())
        except ExplorerError as error:
            self._on_failed(str(error))
        else:
            self._on_saved(str(path))

    @Slot()
    def _ask_and_save_table(self) -> None:
        shown = self._shown
        if shown is None:
            return
        proposed = f"{file_stem(shown.card.name, shown.layer)}-channels.csv"
        chosen, _ = QFileDialog.getSaveFileName(
            self,
            self.tr("Save the numbers of the channels"),
            proposed,
            self.tr("Comma-separated values (*.csv)"),
        )
        if chosen:
            self.save_table(Path(chosen) if Path(chosen).suffix else Path(f"{chosen}.csv"))

    @Slot(QPoint)
    def _on_menu_asked(self, place: QPoint) -> None:
        menu = self.table_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.table.viewport().mapToGlobal(place))

    def table_menu(self) -> QMenu:
        """What can be done with the table. The caller deletes it."""
        menu = QMenu(self)
        menu.addAction(self._copy)
        menu.addAction(self.tr("Save as CSV…"), self._ask_and_save_table)
        return menu

    # Qt

    def minimumSizeHint(self) -> QSize:
        return QSize(208, 120)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._fill()


def _split() -> QSplitter:
    splitter = QSplitter(Qt.Orientation.Horizontal)
    splitter.setChildrenCollapsible(False)
    splitter.setHandleWidth(theme.GAP)
    return splitter


class _List(QListWidget):
    """Failures, one a line."""

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFont(theme.text_font(theme.SMALL))
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(120)
        self.setSpacing(theme.GAP // 4)
        quiet_bars(self)


class _Table(QuietTable):
    """The channels of a layer."""

    def __init__(self) -> None:
        super().__init__()
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setMinimumWidth(160)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(40)
