"""How pictures are framed, the state with its engine and without a window: what is shown is of the
framing on show, and there is a way back."""

from collections.abc import Iterator

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.state.explorer import Explorer
from cnn_explorer.gui.state.framing_choice import FramingChoice, FramingOffered
from cnn_explorer.gui.state.jobs import Lane
from cnn_explorer.gui.state.shown import ActivationsShown, AnswersShown, ProfileShown
from cnn_explorer.gui.state.workbench import Run
from cnn_explorer.media.decode import decode_file
from cnn_explorer.media.picture import Picture
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.paths import resource
from cnn_explorer.probe.comparison import Column
from cnn_explorer.probe.framing import AS_TRAINED, Framing
from cnn_explorer.probe.preprocess import prepare
from cnn_explorer.probe.session import Session
from tests.gui.test_comparison_state import Desk

PATIENCE = 60_000  # ms; a limit, not a wait
RULES = card_of("resnet20").preprocessing


class Heard:
    """The state and what it has said."""

    def __init__(self, qtbot: QtBot, explorer: Explorer) -> None:
        self.qtbot, self.explorer = qtbot, explorer
        self.choice = FramingChoice(explorer)
        self.answers: list[AnswersShown] = []
        self.maps: list[ActivationsShown] = []
        self.offers: list[FramingOffered | None] = []
        self.profiles: list[ProfileShown | None] = []
        explorer.answers_shown.connect(self.answers.append)
        explorer.activations_shown.connect(self.maps.append)
        explorer.profile_shown.connect(self.profiles.append)
        self.choice.offered.connect(self.offers.append)

    def settle(self) -> None:
        self.qtbot.waitUntil(lambda: self.explorer.idle, timeout=PATIENCE)

    @property
    def running(self) -> tuple[Lane, Framing]:
        job = self.explorer._queue.running
        assert job is not None
        assert isinstance(job.request, Run)
        return job.lane, job.request.framing


@pytest.fixture
def cat() -> Picture:
    return decode_file(resource("samples", "photo-cat.jpg"))  # 451 x 300


@pytest.fixture
def heard(qtbot: QtBot, cat: Picture) -> Iterator[Heard]:
    explorer = Explorer()
    heard = Heard(qtbot, explorer)
    explorer.start()
    explorer.choose_network("resnet20", layer="conv1")
    explorer.show_picture(cat)
    heard.settle()
    yield heard
    explorer.close()
    explorer.deleteLater()


def test_answers_and_maps_are_of_the_framing_on_show(heard: Heard, cat: Picture) -> None:
    session = Session.open(card_of("resnet20"))
    for framing in (Framing("squash"), Framing("pad"), Framing("crop", (0.0, 0.0, 0.2, 0.3))):
        heard.explorer.frame_as(framing)
        heard.settle()
        expected = session.run(prepare(cat, RULES, framing), ["conv1"])
        assert heard.answers[-1].prepared.framing == framing
        assert heard.answers[-1].classes[0] == expected.classes[0]
        np.testing.assert_array_equal(heard.maps[-1].maps, expected.activations["conv1"])
    heard.explorer.frame_as(AS_TRAINED)
    heard.settle()
    assert heard.answers[-1].classes == heard.answers[0].classes
    np.testing.assert_array_equal(heard.maps[-1].maps, heard.maps[0].maps)


def test_while_the_frame_moves_the_network_follows_and_the_end_is_an_ordinary_run(
    heard: Heard,
) -> None:
    before = len(heard.answers)
    heard.choice.move((0, 0, 100, 100), True)
    lane, framing = heard.running
    assert lane is Lane.LIVE
    for x in range(1, 40):
        heard.choice.move((x, 0, 100, 100), True)
        heard.qtbot.wait(1)
    heard.choice.move((40, 0, 100, 100), False)
    heard.settle()
    live = heard.answers[before:]
    assert len(live) > 1, "it was seen on the way"
    assert len(live) < 41 + 1
    assert live[-1].prepared.crop == (40, 0, 100, 100)
    crops = [answer.prepared.crop[0] for answer in live]
    assert crops == sorted(crops), "the newest wins"
    heard.choice.take_back()
    heard.settle()
    assert heard.explorer.framing == AS_TRAINED, "one movement is taken back at once"
    assert framing != AS_TRAINED


def test_the_way_back(heard: Heard, cat: Picture) -> None:
    choice, explorer = heard.choice, heard.explorer
    choice.fit("squash")
    choice.move((10, 20, 30, 40), False)
    choice.move((50, 20, 30, 40), True)
    choice.give_up()
    assert explorer.framing.pixels(cat.width, cat.height) == (10, 20, 30, 40)
    choice.fit("crop")
    assert heard.offers[-1] is not None
    assert heard.offers[-1].square
    assert heard.offers[-1].frame == (10, 25, 30, 30), "a square"
    choice.reset()
    assert explorer.framing == AS_TRAINED
    for expected in ("crop", "squash", "squash", "crop"):
        choice.take_back()
        assert explorer.framing.fit == expected
    assert explorer.framing == AS_TRAINED
    choice.take_back()
    assert explorer.framing == AS_TRAINED
    heard.settle()


def test_it_holds_for_the_next_picture_but_not_for_drawings(heard: Heard) -> None:
    heard.choice.fit("squash")
    coffee = decode_file(resource("samples", "photo-coffee.jpg"))
    heard.explorer.show_picture(coffee)
    heard.settle()
    assert heard.answers[-1].prepared.framing == Framing("squash")
    offer = heard.offers[-1]
    assert offer is not None
    assert offer.frame == (0, 0, coffee.width, coffee.height)
    drawing = Picture(np.full((80, 80, 3), 255, np.uint8), "Drawing")
    heard.explorer.show_picture(drawing, live=True, drawn=True)
    heard.settle()
    assert heard.answers[-1].prepared.framing == AS_TRAINED
    heard.explorer.show_picture(coffee)
    heard.settle()
    assert heard.answers[-1].prepared.framing == Framing("squash")


def test_a_profile_is_of_the_framing_on_show(heard: Heard) -> None:
    heard.explorer.profile()
    heard.settle()
    first = heard.profiles[-1]
    assert first is not None
    heard.choice.fit("pad")
    assert heard.profiles[-1] is None
    heard.explorer.profile()
    heard.settle()
    second = heard.profiles[-1]
    assert second is not None
    assert second.profile.layers["conv1"].mean != first.profile.layers["conv1"].mean


def test_an_answer_for_another_framing_is_dropped(heard: Heard) -> None:
    heard.explorer.frame_as(Framing("pad"))
    heard.explorer.rest(True)
    heard.explorer.frame_as(Framing("squash"))
    heard.settle()
    assert all(answer.prepared.framing != Framing("pad") for answer in heard.answers)
    heard.explorer.rest(False)
    heard.settle()
    assert heard.answers[-1].prepared.framing == Framing("squash")


def test_all_networks_compared_see_the_same_framing(qtbot: QtBot, cat: Picture) -> None:
    explorer = Explorer()
    desk = Desk(qtbot, explorer)
    explorer.start()
    explorer.show_picture(cat)
    desk.state.open()
    desk.state.compare(["resnet20", "plain20"])
    desk.settle()
    assert len(desk.ran) == 2
    explorer.frame_as(Framing("squash"))
    assert not desk.state.is_fresh(0)
    desk.settle()
    assert len(desk.ran) == 2
    for number in range(2):
        column = desk.state.column(number)
        assert isinstance(column, Column)
        assert column.prepared.framing == Framing("squash")
        assert desk.state.is_fresh(number)
    for side in range(20, 60):  # as while the frame is pulled
        framing = Framing("squash").with_pixels((0, 0, side, side), cat.width, cat.height)
        explorer.frame_as(framing, moving=True)
        qtbot.wait(1)
    explorer.frame_as(framing)
    desk.settle()
    for number in range(2):
        column = desk.state.column(number)
        assert isinstance(column, Column)
        assert column.prepared.crop == (0, 0, 59, 59)
    explorer.close()
    explorer.deleteLater()
    desk.state.deleteLater()
