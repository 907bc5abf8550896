"""Facts of networks: those of the papers, none that is not known, and the same in every form."""

import csv
import io
import json
from dataclasses import replace

import pytest

from cnn_explorer.graph.architectures import (
    COLUMNS,
    architecture,
    architectures,
    as_csv,
    as_data,
)
from cnn_explorer.networks.catalog import ALL, NETWORKS
from tests.graph.examples import own_graph
from tests.graph.test_alignment import graph_of, modules_alone


def test_cards_alone_say_what_they_know() -> None:
    rows = {row.name: row for row in architectures(ALL.values())}
    assert set(rows) == set(ALL)
    resnet = rows["resnet18"]
    assert (resnet.year, resnet.depth, resnet.parameters) == (2015, 18, 11_689_512)
    assert (resnet.top1, resnet.data_set, resnet.accuracy_source) == (
        69.758, "ImageNet", "torchvision",
    )  # fmt: skip
    assert (resnet.memory, resnet.forward_ms, resnet.receptive, resnet.whole_from) == (
        None, None, None, "",
    )  # fmt: skip
    assert rows["resnet20"].accuracy_source == "paper"
    assert (rows["plain56"].top1, rows["plain56"].accuracy_source) == (
        64.97, "weights of this program",
    )  # fmt: skip
    assert (rows["inception-a"].top1, rows["inception-a"].accuracy_source) == (None, "")
    assert rows["torchvision/swin_t"].depth is None
    assert {row.data_set for row in rows.values()} == {"ImageNet", "CIFAR-10", "MNIST"}


# networks whose papers count the convolutions and fully connected layers of the longest way
COUNTED = (
    "lenet5", "alexnet", "alexnet-2012", "zfnet", "vgg11", "vgg16", "vgg19", "googlenet",
    "resnet18", "resnet34", "resnet50", "resnet152", "resnet110", "plain20", "densenet121",
    "densenet-bc-100-12", "squeezenet1_1",
)  # fmt: skip


@pytest.mark.parametrize("name", COUNTED)
def test_the_longest_way_is_as_long_as_the_paper_says(name: str) -> None:
    uncounted = replace(NETWORKS[name], depth=0)
    assert architecture(uncounted).depth is None
    assert architecture(uncounted, own_graph(name)).depth == NETWORKS[name].depth


RECEPTIVE = {
    # Araujo, Norris and Sim: "Computing receptive fields of convolutional neural networks", 2019
    "alexnet": 195, "vgg16": 212, "resnet50-v1": 483,
    # the stem sees 11; 3 x 8, 8 + 3 x 16, 16 + 5 x 32 and 32 + 2 x 64 come on top
    "resnet50": 427,
}  # fmt: skip


@pytest.mark.parametrize("name", RECEPTIVE)
def test_a_graph_adds_what_it_knows(name: str) -> None:
    row = architecture(ALL[name], own_graph(name), forward_ms=12.5)
    assert row.receptive == RECEPTIVE[name]
    assert row.whole_from in ("classifier.1", "classifier.0", "avgpool")
    assert row.memory
    assert row.memory > 1_000_000
    assert row.forward_ms == 12.5
    assert row.macs == ALL[name].macs


def test_a_squeeze_sees_the_whole_picture_early() -> None:
    row = architecture(
        ALL["torchvision/mobilenet_v3_small"], graph_of("torchvision/mobilenet_v3_small")
    )
    assert row.whole_from.startswith("features.1.block.1")
    assert row.receptive == 7
    assert row.depth is not None


def test_what_maps_see_is_not_told_where_nobody_knows() -> None:
    graph = own_graph("resnet20")
    lost = {"layer2.0.relu2"}
    layers = [replace(one, reach="unknown") if one.name in lost else one for one in graph.layers]
    row = architecture(NETWORKS["resnet20"], replace(graph, layers=tuple(layers)))
    assert (row.receptive, row.whole_from) == (None, "avgpool")
    assert architecture(NETWORKS["resnet20"], graph).receptive == 81


def test_of_modules_alone_only_parameters_are_known() -> None:
    row = architecture(ALL["resnet18"], modules_alone())
    assert (row.parameters, row.memory, row.receptive) == (90, None, None)


def test_every_form_says_the_same() -> None:
    cards = [ALL[name] for name in ("lenet5", "vgg16", "inception-a")]
    rows = architectures(cards, {"vgg16": own_graph("vgg16")}, {"lenet5": 0.25})
    table = list(csv.reader(io.StringIO(as_csv(rows))))
    assert table[0] == [column.key for column in COLUMNS]
    assert len({column.title for column in COLUMNS}) == len(COLUMNS)
    data = json.loads(json.dumps(as_data(rows)))
    for line, found, row in zip(table[1:], data, rows, strict=True):
        assert found["title"] == row.title
        for cell, column in zip(line, COLUMNS, strict=True):
            assert cell == ("" if found[column.key] is None else str(found[column.key]))
            value = column.value(row)
            assert (value or None) == found[column.key]
            assert (column.text(row) == "–") == (not value)
    texts = {column.key: column.text(rows[1]) for column in COLUMNS}
    assert texts["multiply_adds"] == "15.5 G"
    assert texts["top1"] == "71.6 %"
    assert texts["receptive_field"] == "212"
    assert {c.key: c.text(rows[0]) for c in COLUMNS}["top1"] == "99.05 %"
