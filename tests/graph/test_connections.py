"""Which maps see which: LeNet-5's table as the paper prints it, AlexNet's two halves."""

from cnn_explorer.graph.connections import Group, groups_of, table_of
from tests.graph.examples import foreign_graph, own_graph

# LeCun et al. 1998, table I: a row for each map of S2, a column for each map of C3
TABLE_I = [
    "X...XXX..XXXX.XX",
    "XX...XXX..XXXX.X",
    "XXX...XXX..X.XXX",
    ".XXX..XXXX..X.XX",
    "..XXX..XXXX.XX.X",
    "...XXX..XXXX.XXX",
]


def test_the_table_of_lenet_is_the_papers() -> None:
    table = table_of(own_graph("lenet5-1998").layer["features.c3"])
    assert table is not None
    rows = table.rows()
    assert rows[0].split("\t") == ["", *map(str, range(16))]
    marks = ["".join(cell or "." for cell in row.split("\t")[1:]) for row in rows[1:]]
    assert marks == TABLE_I
    assert [row.split("\t")[0] for row in rows[1:]] == list("012345")


def test_the_halves_of_alexnet() -> None:
    layers = own_graph("alexnet-2012").layer
    assert groups_of(layers["features.conv2"]) == (
        Group((0, 47), (0, 127)),
        Group((48, 95), (128, 255)),
    )
    assert groups_of(layers["features.conv3"]) == ()
    assert len(groups_of(layers["features.conv5"])) == 2
    assert groups_of(layers["classifier.fc6"]) == ()


def test_a_depthwise_convolution_has_a_group_for_each_map() -> None:
    layer = foreign_graph("mobilenet_v2").layer["features.1.conv.0.0"]
    groups = groups_of(layer)
    assert len(groups) == 32
    assert groups[5] == Group((5, 5), (5, 5))
    assert table_of(layer) is None
