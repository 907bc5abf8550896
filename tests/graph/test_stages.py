"""Configuration tables against those of the papers."""

import csv
import io
import json

import pytest

from cnn_explorer.graph.stages import VECTOR, configuration_table
from tests.graph.examples import own_graph
from tests.graph.test_alignment import graph_of, modules_alone

# Simonyan and Zisserman 2014, table 1: A, B, D and E, "M" for maxpool
VGG = {
    "vgg11": "64 M 128 M 256 256 M 512 512 M 512 512 M FC4096 FC4096 FC1000",
    "vgg13": "64 64 M 128 128 M 256 256 M 512 512 M 512 512 M FC4096 FC4096 FC1000",
    "vgg16": "64 64 M 128 128 M 256 256 256 M 512 512 512 M 512 512 512 M FC4096 FC4096 FC1000",
    "vgg19": "64 64 M 128 128 M 256 256 256 256 M 512 512 512 512 M 512 512 512 512 M "
             "FC4096 FC4096 FC1000",
}  # fmt: skip


def test_vgg_a_to_e() -> None:
    table = configuration_table([own_graph(name) for name in VGG], ("A", "B", "D", "E"))
    assert table.columns == ("A", "B", "D", "E")
    stages = [row for row in table.rows if row.sizes != ("",) * 4]
    assert [row.label for row in stages] == [
        "224 × 224", "112 × 112", "56 × 56", "28 × 28", "14 × 14", "7 × 7", VECTOR,
    ]  # fmt: skip
    for number, told in enumerate(VGG.values()):
        lines = [line for row in stages for line in row.cells[number]]
        expected = [
            "2×2 max pool, stride 2"
            if part == "M"
            else part.replace("FC", "FC ")
            if part.startswith("FC")
            else f"3×3 conv, {part}"
            for part in told.split()
        ]
        assert lines == expected
    # table 2: parameters in millions
    assert [cell[0] for cell in table.rows[-2].cells] == ["133 M", "133 M", "138 M", "144 M"]


# He et al. 2015, table 1: how many blocks in conv2_x to conv5_x
RESNET = {
    "resnet18": (2, 2, 2, 2),
    "resnet34": (3, 4, 6, 3),
    "resnet50": (3, 4, 6, 3),
    "resnet101": (3, 4, 23, 3),
    "resnet152": (3, 8, 36, 3),
}


def test_resnet_18_to_152() -> None:
    table = configuration_table([own_graph(name) for name in RESNET])
    assert table.columns == tuple(RESNET)
    assert [row.label for row in table.rows] == [
        "112 × 112", "56 × 56", "28 × 28", "14 × 14", "7 × 7", VECTOR,
        "parameters", "multiply-adds",
    ]  # fmt: skip
    for number, (name, counts) in enumerate(RESNET.items()):
        cells = [row.cells[number] for row in table.rows]
        assert cells[0] == ("7×7 conv, 64, stride 2",)
        assert cells[1][0] == "3×3 max pool, stride 2"
        blocks = [cells[1][1:], *cells[2:5]]
        for width, count, lines in zip((64, 128, 256, 512), counts, blocks, strict=True):
            if name in ("resnet18", "resnet34"):
                block = f"[3×3, {width} | 3×3, {width}]"
            else:
                block = f"[1×1, {width} | 3×3, {width} | 1×1, {4 * width}]"
            assert lines == (f"{block} × {count}",)
        assert cells[5] == ("global average pool", "FC 1000")
    # its last row, in billions: 1.8, 3.6, 3.8, 7.6, 11.3, with the stride of bottlenecks in 1x1
    assert [cell[0] for cell in table.rows[-1].cells][:2] == ["1.81 G", "3.66 G"]
    first = configuration_table([own_graph("resnet50-v1")])
    assert first.rows[-1].cells == (("3.86 G",),)


# Szegedy et al. 2014, table 1: #1x1, #3x3 reduce, #3x3, #5x5 reduce, #5x5, pool proj
INCEPTION = {
    "28 × 28": ((64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64)),
    "14 × 14": (
        (192, 96, 208, 16, 48, 64), (160, 112, 224, 24, 64, 64), (128, 128, 256, 24, 64, 64),
        (112, 144, 288, 32, 64, 64), (256, 160, 320, 32, 128, 128),
    ),
    "7 × 7": ((256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128)),
}  # fmt: skip


def test_googlenet() -> None:
    table = configuration_table([own_graph("googlenet-2014")])
    cells = {row.label: row.cells[0] for row in table.rows}
    assert cells["112 × 112"] == ("7×7 conv, 64, stride 2",)
    assert cells["56 × 56"] == (
        "3×3 max pool, stride 2", "LRN", "1×1 conv, 64", "3×3 conv, 192", "LRN",
    )  # fmt: skip
    for size, modules in INCEPTION.items():
        assert cells[size] == (
            "3×3 max pool, stride 2",
            *(
                f"[1×1, {a}] + [1×1, {b} | 3×3, {c}] + [1×1, {d} | 5×5, {e}] + "
                f"[3×3 max pool | 1×1, {f}]"
                for a, b, c, d, e, f in modules
            ),
        )
    assert cells[VECTOR] == ("global average pool", "FC 1000")


def test_alexnet_against_vgg() -> None:
    """Sizes differ by a pixel; strides tell what stands beside what."""
    table = configuration_table([own_graph("alexnet"), own_graph("vgg11")])
    rows = {row.label: row for row in table.rows}
    assert rows["224 × 224"].cells == ((), ("3×3 conv, 64",))
    assert rows["stride 4"].sizes == ("55 × 55", "56 × 56")
    assert rows["stride 16"].cells[0] == (
        "3×3 max pool, stride 2", "3×3 conv, 384", "3×3 conv, 256", "3×3 conv, 256",
    )  # fmt: skip
    assert rows[VECTOR].cells == (("FC 4096", "FC 4096", "FC 1000"),) * 2


CELLS = [
    ("densenet121", "stride 4",
     ("3×3 max pool, stride 2", "[1×1, 128 | 3×3, 32] × 6", "1×1 conv, 128")),
    ("squeezenet1_1", "55 × 55",
     ("3×3 max pool, stride 2", "[1×1, 16 | [1×1, 64] + [3×3, 64]] × 2")),
    ("plain20", "16 × 16", ("[3×3, 32 | 3×3, 32] × 3",)),
    ("resnet20", "16 × 16", ("[3×3, 32 | 3×3, 32] × 3",)),
    ("alexnet-2012", "27 × 27", ("3×3 max pool, stride 2", "5×5 conv, 256, 2 groups", "LRN")),
    ("lenet5-1998", "10 × 10", ("2×2 sum, trained", "5×5 conv, 16, 60 of 96 wired")),
    ("torchvision/mobilenet_v3_small", "56 × 56",
     ("[3×3, 16, depthwise | squeeze and excitation | 1×1, 16]",)),
    ("torchvision/vit_b_16", "tokens", ("[attention | FC 3072 | FC 768] × 12",)),
    ("torchvision/resnext50_32x4d", "28 × 28",
     ("[1×1, 256 | 3×3, 256, 32 groups | 1×1, 512] × 4",)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "stage", "lines"), CELLS)
def test_one_stage(name: str, stage: str, lines: tuple[str, ...]) -> None:
    rows = {row.label: row.cells[0] for row in configuration_table([graph_of(name)]).rows}
    stage = "56 × 56" if stage == "stride 4" else stage
    assert rows[stage] == lines


def test_text_csv_and_data_tell_the_same() -> None:
    table = configuration_table([own_graph("alexnet"), own_graph("resnet18")], ("AlexNet", "=18"))
    lines = table.text().splitlines()
    assert lines[0].split() == ["stage", "AlexNet", "=18"]
    assert all(line == line.rstrip() for line in lines)
    assert any(line.split("  ")[-1].strip() == "[3×3, 64 | 3×3, 64] × 2" for line in lines)
    rows = list(csv.reader(io.StringIO(table.csv())))
    assert rows[0] == ["stage", "AlexNet", "'=18"]
    assert len(rows) == 1 + len(table.rows)
    assert ["stride 4", "55 × 55: 11×11 conv, 64, stride 4",
            "56 × 56: 3×3 max pool, stride 2; [3×3, 64 | 3×3, 64] × 2"] in rows  # fmt: skip
    data = json.loads(json.dumps(table.data()))
    assert data["columns"] == ["AlexNet", "=18"]
    assert [row["stage"] for row in data["rows"]] == [row.label for row in table.rows]
    assert data["rows"][1]["sizes"] == ["55 × 55", "56 × 56"]


def test_modules_alone_are_a_list() -> None:
    table = configuration_table([modules_alone()])
    assert [row.label for row in table.rows] == [VECTOR, "parameters", "multiply-adds"]
    assert table.rows[0].cells == (("conv (8 times)", "FC"),)
    assert table.rows[-1].cells == ((),)
