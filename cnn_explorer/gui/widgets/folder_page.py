"""Networks over a folder of pictures: how right they are, where they differ, how alike they see."""

import math
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QSignalBlocker,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QStackedLayout,
    QTableView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.gui.state.disagreement_table import THUMBNAIL, DisagreementTable
from cnn_explorer.gui.state.file_thumbnails import FileThumbnails
from cnn_explorer.gui.state.folder_study import FolderStudy, StudyShown
from cnn_explorer.gui.state.folder_work import LayersCompared
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.heat_map import COLOURS, HeatMap
from cnn_explorer.gui.widgets.note_label import NoteLabel
from cnn_explorer.gui.widgets.panel_parts import ColourBar, EmptyState, QuietLabel, TitleLabel
from cnn_explorer.gui.widgets.paper_header import PaperHeader, heading_font
from cnn_explorer.gui.widgets.quiet_scroll_bar import quiet_bars
from cnn_explorer.gui.widgets.segmented_switch import SegmentedSwitch
from cnn_explorer.probe.colormaps import scale_colours
from cnn_explorer.probe.folder import Listing
from cnn_explorer.probe.folder_results import FolderResults, Share
from cnn_explorer.probe.similarity import FEWEST
from cnn_explorer.text import format_share, listed, printable

AnyIndex = QModelIndex | QPersistentModelIndex

_TOLD = 12
"""So many of the files that are no pictures are told with their reasons."""
_NOTES = 3
_WIDEST = 520
"""Of the table of accuracies: numbers stand near their names, logical pixels."""
_NARROWEST = 86
"""Of the columns of the table of disagreements, logical pixels."""
_CELL_PAD = 3
"""Left and right of what stands in a cell, logical pixels."""
_DISAGREEMENTS, _LAYERS = 1, 2


class FolderPage(QWidget):
    """Shows a `FolderStudy`."""

    picture_chosen = Signal(object)
    """The `Path` of a picture that a person wants to compare networks on."""
    layers_chosen = Signal(str, str, str, str)
    """Network, layer, network, layer: the two whose maps a person wants to see."""

    def __init__(
        self, study: FolderStudy, thumbnails: FileThumbnails, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._study = study
        self._shown = StudyShown()
        self.setAccessibleName(self.tr("Comparison over a folder of pictures"))
        self.head = _Head()
        self.notes = NoteLabel()
        self.empty = EmptyState()
        self.numbers = _Numbers()
        self.disagreements = _Disagreements(thumbnails)
        self.layers = _Layers()
        self.switch = SegmentedSwitch((
            (self.tr("Accuracy"),
             self.tr("How often each network is right, and how often each two agree")),
            (self.tr("Disagreements"),
             self.tr("The pictures that the networks do not take for the same")),
            (self.tr("Similar layers"),
             self.tr("How alike the layers of two networks represent the pictures")),
        ))  # fmt: skip
        self._parts = QStackedLayout()
        for part in (self.numbers, self.disagreements, self.layers):
            self._parts.addWidget(part)
        self._body = QWidget()
        column = QVBoxLayout(self._body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        switch_row = QHBoxLayout()
        switch_row.setContentsMargins(theme.MARGIN, 0, theme.MARGIN, theme.GAP)
        switch_row.addWidget(self.switch)
        switch_row.addStretch(1)
        column.addLayout(switch_row)
        column.addLayout(self._parts, 1)
        self._pages = QStackedLayout()
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self._body)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self.head)
        rows.addWidget(self.notes)
        rows.addLayout(self._pages, 1)
        self.head.choose_button.clicked.connect(self._ask_for_folder)
        self.head.run_button.clicked.connect(study.run)
        self.head.stop_button.clicked.connect(study.stop)
        self.head.save_button.clicked.connect(self._ask_and_save_answers)
        self.switch.chosen.connect(self._parts.setCurrentIndex)
        self.disagreements.picture_chosen.connect(self.picture_chosen)
        self.layers.compare_asked.connect(study.compare_layers)
        self.layers.save_asked.connect(self._ask_and_save_similarity)
        self.layers.layers_chosen.connect(self.layers_chosen)
        study.changed.connect(self.show_study)
        study.progressed.connect(self.head.show_progress)
        self.show_study(study.shown)

    @Slot(object)
    def show_study(self, shown: StudyShown) -> None:
        """Show what is known of a folder."""
        before, self._shown = self._shown, shown
        self.head.show_study(shown)
        results = shown.results
        if results is not before.results:
            self.numbers.show_results(results)
            self.disagreements.show_results(results)
        self.layers.show_study(shown)
        self._show_notes(() if results is None else results.notes)
        self.empty.setText(self._what_to_do())
        nothing = not (shown.networks and shown.listing and shown.listing.pictures)
        self._pages.setCurrentWidget(self.empty if nothing else self._body)
        self.numbers.say(self._what_to_do() if results is None else "")
        self.disagreements.say(self._what_to_do() if results is None else "")

    def show_disagreements(self) -> None:
        """Turn to the pictures on which the networks disagree."""
        self._turn_to(_DISAGREEMENTS)

    def show_layers(self) -> None:
        """Turn to the similarity of layers."""
        self._turn_to(_LAYERS)

    def _turn_to(self, part: int) -> None:
        self.switch.set_current(part)
        self._parts.setCurrentIndex(part)

    def _show_notes(self, notes: Sequence[str]) -> None:
        """What is to be said of the numbers: of six networks it can be twenty sentences."""
        sentences = [printable(note) for note in notes]
        shown, more = sentences[:_NOTES], len(sentences) - _NOTES
        if more > 0:
            shown.append(self.tr("… and {} more, in the tool tip.").format(more))
        self.notes.show_note(" ".join(shown))
        self.notes.setToolTip("\n".join(sentences))
        self.notes.setAccessibleDescription(" ".join(sentences))

    def _what_to_do(self) -> str:
        """What a person can do next, where there is nothing to show."""
        shown = self._shown
        if shown.working == "list":
            return self.tr("Looking into the folder …")
        if shown.working == "answer":
            return self.tr("The networks look at the pictures …")
        if not shown.networks:
            return self.tr("Choose the networks to be compared first.")
        if shown.listing is None:
            return self.tr(
                "Choose a folder of pictures to run the networks over.\n\nWith sub-folders named "
                'after classes, such as "cat" and "dog", the accuracy is told too.'
            )
        if not shown.listing.pictures:
            return self.tr("There are no pictures in this folder: choose another one.")
        if shown.stopped_at:
            return self.tr("Stopped. Run goes on from where it was: no picture is asked twice.")
        return self.tr("Press Run to ask the networks what is on the pictures.")

    @Slot()
    def _ask_for_folder(self) -> None:
        listing = self._shown.listing
        chosen = QFileDialog.getExistingDirectory(
            self,
            self.tr("Choose a folder of pictures"),
            "" if listing is None else str(listing.folder),
        )
        if chosen:
            self._study.open_folder(Path(chosen))

    @Slot()
    def _ask_and_save_answers(self) -> None:
        path = self._asked_path("answers", self.tr("Comma-separated values (*.csv)"), ".csv")
        if path is not None:
            self._study.save_answers(path)

    @Slot()
    def _ask_and_save_similarity(self) -> None:
        kinds = self.tr("Picture (*.png);;Drawing (*.svg);;Values for numpy (*.npz)")
        path = self._asked_path("similarity", kinds, ".png")
        if path is not None:
            self._study.save_similarity(path, dark=theme.is_dark(self.palette()))

    def _asked_path(self, what: str, kinds: str, usual: str) -> Path | None:
        """The file that a person wants to write."""
        listing = self._shown.listing
        stem = "" if listing is None else f"{listing.folder.name}-"
        chosen, kind = QFileDialog.getSaveFileName(
            self, self.tr("Save"), f"{stem}{what}{usual}", kinds
        )
        if not chosen:
            return None
        ending = kind.rpartition("*")[2].rstrip(")") or usual
        return Path(chosen) if Path(chosen).suffix else Path(chosen + ending)


def _share(share: Share | None) -> str:
    return "–" if share is None else f"{100 * share.value:.1f} %"


class _Head(QWidget):
    """Which folder, what is in it, what is being done."""

    def __init__(self) -> None:
        super().__init__()
        self.choose_button = QPushButton(self.tr("Choose Folder…"))
        self.choose_button.setToolTip(
            self.tr("Choose a folder of pictures, with or without one sub-folder a class")
        )
        self.title = TitleLabel()
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setFixedHeight(8)
        self.progress.setFixedWidth(120)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName(self.tr("Progress over the folder"))
        self.percent = QLabel()
        self.percent.setFont(theme.text_font(theme.SMALL))
        self.percent.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.run_button = QPushButton(self.tr("Run"))
        self.run_button.setToolTip(
            self.tr("Run all networks over the pictures; what was said before is not asked again")
        )
        self.stop_button = QPushButton(self.tr("Stop"))
        self.stop_button.setToolTip(self.tr("Stop; what was found so far is kept"))
        self.save_button = QPushButton(self.tr("Save Answers…"))
        self.save_button.setToolTip(
            self.tr("Save what each network says of each picture as comma-separated values")
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.MARGIN, theme.GAP, theme.MARGIN, theme.GAP)
        row.setSpacing(theme.GAP)
        row.addWidget(self.choose_button)
        row.addWidget(self.title)
        row.addStretch(1)
        row.addWidget(self.progress)
        row.addWidget(self.percent)
        row.addWidget(self.run_button)
        row.addWidget(self.stop_button)
        row.addWidget(self.save_button)

    def show_study(self, shown: StudyShown) -> None:
        """Show what is known."""
        name, facts, tip = _folder_in_words(shown.listing)
        self.title.set_title(name, facts)
        if tip:
            self.title.setToolTip(tip)
        working = bool(shown.working)
        stop_had_focus, run_had_focus = self.stop_button.hasFocus(), self.run_button.hasFocus()
        self.progress.setVisible(working)
        self.stop_button.setVisible(working)
        self.run_button.setVisible(not working)
        self.run_button.setEnabled(shown.can_run)
        self.run_button.setText(self.tr("Go on") if shown.stopped_at else self.tr("Run"))
        self.save_button.setEnabled(shown.results is not None)
        # one stands where the other stood: the keyboard stays there
        if working and run_had_focus:
            self.stop_button.setFocus()
        elif not working and stop_had_focus:
            self.run_button.setFocus()
        if working and not self.progress.value():
            self.percent.setText("")
        elif not working:
            self.progress.setValue(0)
            stopped = self.tr("stopped at {}").format(format_share(shown.stopped_at))
            self.percent.setText(stopped if shown.stopped_at else "")

    @Slot(float)
    def show_progress(self, fraction: float) -> None:
        """Show how far it is."""
        self.progress.setValue(round(1000 * fraction))
        self.percent.setText(f"{100 * fraction:.0f} %")


def _folder_in_words(listing: Listing | None) -> tuple[str, str, str]:
    """The name of a folder, what is in it, and what is not a picture of that."""
    if listing is None:
        return "", "", ""
    count = len(listing.pictures)
    facts = ["one picture" if count == 1 else f"{count:,} pictures"]
    lines = [printable(str(listing.folder))]
    skipped = listing.skipped
    if skipped:
        facts.append(f"{len(skipped):,} skipped")
        lines.append("")
        lines += [
            f"{printable(one.path.name, 60)}: {printable(one.reason)}" for one in skipped[:_TOLD]
        ]
        if len(skipped) > _TOLD:
            lines.append(f"and {len(skipped) - _TOLD:,} more")
    labels = len(listing.labels)
    if labels:  # last: where there is little room the last facts are left out
        facts.append("one sub-folder" if labels == 1 else f"{labels:,} sub-folders")
    name = printable(listing.folder.name or str(listing.folder), 60)
    return name, "".join(f"  ·  {fact}" for fact in facts), "\n".join(lines)


class _Numbers(QWidget):
    """Accuracy of each network, and how often each two agree."""

    def __init__(self) -> None:
        super().__init__()
        self._results: FolderResults | None = None
        self.accuracy = QTableWidget(0, 4)
        self.accuracy.setHorizontalHeaderLabels(
            [self.tr("Network"), self.tr("Top-1"), self.tr("Top-5"), self.tr("Pictures")]
        )
        for column, tip in enumerate((
            self.tr("The networks that were run"),
            self.tr("On so many pictures of known class the likeliest class is right"),
            self.tr("On so many pictures of known class one of the five likeliest is right"),
            self.tr("Pictures in sub-folders that are called like a class of the network"),
        )):  # fmt: skip
            item = self.accuracy.horizontalHeaderItem(column)
            if item is not None:
                item.setToolTip(tip)
                item.setTextAlignment(_aligned(column))
        self.accuracy.setMaximumWidth(_WIDEST)
        self.accuracy.setAccessibleName(self.tr("Accuracy of the networks"))
        self.accuracy.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.accuracy.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        _plain(self.accuracy)
        header = self.accuracy.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setDefaultSectionSize(header.fontMetrics().horizontalAdvance("100.0 %") + 20)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.agreement = HeatMap()
        self.agreement.setAccessibleName(self.tr("Agreement of the networks"))
        self.agreement.set_describer(self._describe)
        self.reading = QuietLabel()
        self._empty = EmptyState()
        self._filled = QWidget()
        self._filled.setAutoFillBackground(True)
        self._filled.setBackgroundRole(QPalette.ColorRole.Base)
        column_of = QVBoxLayout(self._filled)
        column_of.setContentsMargins(0, 0, 0, 0)
        column_of.setSpacing(0)
        self.unknown = QuietLabel(self._filled)
        self.unknown.setText(
            self.tr(
                "The accuracy is not known: no sub-folder is called like a class of the networks."
            )
        )
        table = QHBoxLayout()
        table.setContentsMargins(theme.MARGIN - _CELL_PAD, 0, theme.MARGIN - _CELL_PAD, 0)
        table.addWidget(self.accuracy, 100)
        table.addStretch(1)
        unknown = QHBoxLayout()
        unknown.setContentsMargins(theme.MARGIN, 0, theme.MARGIN, 0)
        unknown.addWidget(self.unknown)
        column_of.addSpacing(theme.GAP // 2)
        column_of.addLayout(unknown)
        column_of.addLayout(table)
        column_of.addSpacing(theme.GAP)
        column_of.addWidget(_heading(self.tr("Agreement on the likeliest class")))
        column_of.addWidget(self.agreement, 1)
        below = QHBoxLayout()
        below.setContentsMargins(theme.MARGIN, 4, theme.MARGIN, theme.GAP)
        below.addWidget(self.reading)
        column_of.addLayout(below)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self._empty)
        self._pages.addWidget(self._filled)
        self.agreement.cell_read.connect(self._on_read)

    def say(self, text: str) -> None:
        """Say what to do, or with nothing to say show the numbers."""
        self._empty.setText(text)
        self._pages.setCurrentWidget(self._empty if text else self._filled)

    def show_results(self, results: FolderResults | None) -> None:
        """Show the numbers of all networks."""
        import numpy as np

        self._results = results
        networks = () if results is None else results.networks
        self.accuracy.setRowCount(len(networks))
        if results is None:
            self.agreement.show_values(np.zeros((0, 0)), (), ())
            return
        for row, network in enumerate(networks):
            first, fifth = results.accuracy(row), results.accuracy(row, 5)
            title = printable(network.title)
            texts = (
                title if network.trained else self.tr("{} (untrained)").format(title),
                _share(first), _share(fifth),
                "–" if first is None else f"{first.of:,}",
            )  # fmt: skip
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setTextAlignment(_aligned(column))
                share = (None, first, fifth, None)[column]
                if share is not None:
                    item.setToolTip(f"{share.count:,} of {share.of:,}")
                elif column == 0:
                    item.setToolTip(text)
                self.accuracy.setItem(row, column, item)
        # a table of dashes tells nothing
        is_known = any(results.accuracy(row) for row in range(len(networks)))
        self.accuracy.setVisible(is_known)
        self.unknown.setVisible(not is_known)
        lines = len(networks) * self.accuracy.verticalHeader().defaultSectionSize()
        self.accuracy.setFixedHeight(self.accuracy.horizontalHeader().sizeHint().height() + lines)
        values = [
            [float("nan") if one is None else one.value for one in row]
            for row in results.agreements()
        ]
        titles = [printable(network.title, 28) for network in networks]
        count = len(networks)
        self.agreement.show_values(np.array(values).reshape(count, count), titles, titles)
        self._on_read(None)

    def _describe(self, row: int, column: int) -> str:
        assert self._results is not None
        titles = [printable(network.title) for network in self._results.networks]
        share = self._results.agreement(row, column)
        both = listed([titles[row], titles[column]]) if row != column else titles[row]
        if share is None:
            return self.tr("{}: their classes cannot be compared").format(both)
        if row == column:
            return self.tr("{title}: {of} answers").format(title=both, of=f"{share.of:,}")
        return self.tr("{both} agree on {count} of {of}").format(
            both=both, count=f"{share.count:,}", of=f"{share.of:,}"
        )

    @Slot(object)
    def _on_read(self, cell: tuple[int, int] | None) -> None:
        self.reading.setText(
            self.tr("Of each two networks: on what share of the pictures both say the same. Point "
                    "at a cell to read the numbers.")
            if cell is None
            else self.agreement.described
        )  # fmt: skip


class _Disagreements(QWidget):
    """The pictures on which networks disagree."""

    picture_chosen = Signal(object)

    def __init__(self, thumbnails: FileThumbnails) -> None:
        super().__init__()
        self.model = DisagreementTable(thumbnails, self)
        self.view = QTableView()
        self.view.setModel(self.model)
        self.view.setAccessibleName(self.tr("Pictures on which the networks disagree"))
        self.view.setToolTip(
            self.tr("Double click or press Enter to open a picture in the comparison")
        )
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        # the share of a long name stays in sight
        self.view.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.view.setIconSize(QSize(THUMBNAIL, THUMBNAIL))
        _plain(self.view)
        self.view.verticalHeader().setDefaultSectionSize(THUMBNAIL + 6)
        self.view.horizontalHeader().setMinimumSectionSize(_NARROWEST)
        self.view.horizontalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        self.view.activated.connect(self._on_activated)
        self.empty = EmptyState()
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self.view)

    def say(self, text: str) -> None:
        """Say what to do, or with nothing to say show the pictures."""
        if not text and not self.model.rowCount():
            text = (
                self.tr("The networks agree on every picture that can be compared.")
                if self.model.networks > 1
                else self.tr("Choose two networks at least to see where they disagree.")
            )
        self.empty.setText(text)
        self._pages.setCurrentWidget(self.empty if text else self.view)

    def show_results(self, results: FolderResults | None) -> None:
        """Show where the networks disagree."""
        self.model.show_results(results)
        header = self.view.horizontalHeader()
        networks = self.model.columnCount() - self.model.networks
        for column in range(self.model.columnCount()):
            is_network = column >= networks
            header.setSectionResizeMode(
                column,
                QHeaderView.ResizeMode.Stretch
                if is_network
                else QHeaderView.ResizeMode.Interactive,
            )
            if not is_network:
                self.view.setColumnWidth(column, 150 if column == 0 else _NARROWEST)
        if self.model.rowCount():
            self.view.setCurrentIndex(self.model.index(0, 0))

    @Slot(QModelIndex)
    def _on_activated(self, index: AnyIndex) -> None:
        self.picture_chosen.emit(self.model.path(index.row()))


class _Layers(QWidget):
    """The similarity of the layers of two networks."""

    compare_asked = Signal(int, int)
    save_asked = Signal()
    layers_chosen = Signal(str, str, str, str)

    def __init__(self) -> None:
        super().__init__()
        self._compared: LayersCompared | None = None
        self._titles: tuple[str, ...] = ()
        self.first, self.second = QComboBox(), QComboBox()
        for box, name in (
            (self.first, self.tr("First network")), (self.second, self.tr("Second network")),
        ):  # fmt: skip
            box.setAccessibleName(name)
            box.setToolTip(name)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            box.setMinimumContentsLength(6)
        self.compare_button = QPushButton(self.tr("Compare Layers"))
        self.save_button = QPushButton(self.tr("Save…"))
        self.save_button.setAccessibleName(self.tr("Save the similarity"))
        self.save_button.setToolTip(
            self.tr("Save the similarity as a figure (PNG, SVG) or as values (NPZ)")
        )
        self.bar = ColourBar()
        self.bar.set_scale(scale_colours(COLOURS), "0", "1")
        self.bar.setToolTip(
            self.tr("Linear CKA: 1 for layers that hold the same pictures for alike, 0 for "
                    "unrelated ones")
        )  # fmt: skip
        self.map = HeatMap(upwards=True)
        self.map.setAccessibleName(self.tr("Similarity of layers"))
        self.map.set_describer(self._describe)
        self.reading = QuietLabel()
        self.empty = EmptyState()
        head = QHBoxLayout()
        head.setContentsMargins(theme.MARGIN, 0, theme.MARGIN, theme.GAP)
        head.setSpacing(theme.GAP)
        head.addWidget(self.first)
        head.addWidget(self.second)
        head.addWidget(self.compare_button)
        head.addStretch(1)
        head.addWidget(self.bar)
        head.addWidget(self.save_button)
        below = QHBoxLayout()
        below.setContentsMargins(theme.MARGIN, 4, theme.MARGIN, theme.GAP)
        below.addWidget(self.reading)
        self._pages = QStackedLayout()
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self.map)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addLayout(head)
        rows.addLayout(self._pages, 1)
        rows.addLayout(below)
        self.compare_button.clicked.connect(self._on_compare)
        self.save_button.clicked.connect(self.save_asked)
        self.map.cell_read.connect(self._on_read)
        self.map.cell_chosen.connect(self._on_chosen)

    def show_study(self, shown: StudyShown) -> None:
        """Show the networks to choose from, and what is known of two of them."""
        titles = tuple(network.title for network in shown.networks)
        if titles != self._titles:
            self._titles = titles
            for box, start in ((self.first, 0), (self.second, 1)):
                with QSignalBlocker(box):
                    box.clear()
                    box.addItems([printable(title, 40) for title in titles])
                    box.setCurrentIndex(min(start, len(titles) - 1))
        self.compare_button.setEnabled(shown.can_compare)
        count = 0 if shown.listing is None else len(shown.listing.pictures)
        self.compare_button.setToolTip(
            self.tr("Find out how alike the layers of both networks represent the pictures")
            if shown.listing is None or count >= FEWEST
            else self.tr("The similarity of layers needs {} pictures at least").format(FEWEST)
        )
        self.save_button.setEnabled(shown.compared is not None)
        if shown.compared is not self._compared:
            self._compared = shown.compared
            if shown.compared is not None:
                found = shown.compared.found
                self.map.show_values(
                    found.values,
                    [printable(name) for name in found.layers_a],
                    [printable(name) for name in found.layers_b],
                    (printable(found.network_a, 40), printable(found.network_b, 40)),
                )
            self._on_read(None)
        if shown.working == "compare":
            self.empty.setText(self.tr("The networks look at the pictures …"))
        else:
            self.empty.setText(
                self.tr("Press Compare Layers to see how alike each layer of one network is to "
                        "each of the other: linear CKA over the pictures of the folder.")
            )  # fmt: skip
        self._pages.setCurrentWidget(self.empty if self._compared is None else self.map)

    @Slot()
    def _on_compare(self) -> None:
        self.compare_asked.emit(self.first.currentIndex(), self.second.currentIndex())

    def _describe(self, row: int, column: int) -> str:
        assert self._compared is not None
        found = self._compared.found
        value = float(found.values[row, column])
        text = (
            self.tr("CKA {value} of {layer_a} of {a} and {layer_b} of {b}")
            if math.isfinite(value)
            else self.tr("no CKA of {layer_a} of {a} and {layer_b} of {b}: one is constant")
        )
        return text.format(
            value=f"{value:.3f}".replace("-", "−"),
            a=printable(found.network_a),
            layer_a=printable(found.layers_a[row]),
            b=printable(found.network_b),
            layer_b=printable(found.layers_b[column]),
        )

    @Slot(object)
    def _on_read(self, cell: tuple[int, int] | None) -> None:
        compared = self._compared
        if compared is None:
            self.reading.setText("")
        elif cell is not None:
            self.reading.setText(self.map.described)
        else:
            found = compared.found
            text = self.tr("linear CKA over {} pictures").format(f"{found.pictures:,}")
            if compared.untrained:
                text += "  ·  " + self.tr("untrained: {}").format(listed(compared.untrained))
            text += "  ·  " + self.tr("a click or Enter shows the maps of both layers")
            self.reading.setText(text)

    @Slot(int, int)
    def _on_chosen(self, row: int, column: int) -> None:
        compared = self._compared
        if compared is not None:
            found = compared.found
            self.layers_chosen.emit(
                compared.a.name, found.layers_a[row], compared.b.name, found.layers_b[column]
            )


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setFont(theme.text_font(theme.SMALL))
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    label.setContentsMargins(theme.MARGIN, 4, theme.MARGIN, 4)
    return label


def _aligned(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def _plain(view: QTableView) -> None:
    """The look that all tables of the window have."""
    view.setFrameShape(QFrame.Shape.NoFrame)
    view.setShowGrid(False)
    view.setAlternatingRowColors(True)
    view.setWordWrap(False)
    view.setTabKeyNavigation(False)
    view.setCornerButtonEnabled(False)
    view.verticalHeader().setVisible(False)
    view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setFont(theme.text_font(theme.SMALL))
    header = PaperHeader(Qt.Orientation.Horizontal, view, pad=_CELL_PAD)
    header.setFont(heading_font())
    view.setHorizontalHeader(header)
    view.verticalHeader().setDefaultSectionSize(view.fontMetrics().height() + 8)
    quiet_bars(view)
