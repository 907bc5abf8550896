"""Settings survive a restart, and a file gone bad is ignored."""

from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray

from cnn_explorer.gui.state.settings import Settings


def test_everything_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "settings.ini"
    first = Settings.in_file(file)
    first.theme = "dark"
    first.network = "vgg16"
    first.folder = str(tmp_path)
    first.tab = 3
    first.size = 150
    first.panels = QByteArray(b"\x00\xffpanels")
    first.geometry = QByteArray(b"geometry")
    first.open_families = {"ResNet", "torchvision/EfficientNet"}
    first.only_at_hand = True
    first.allow_private = True
    first.expansions = {"vgg16": {"features", "features.[0-4]"}, "resnet18": frozenset()}
    first.left_to_right = True
    first.minimap = False
    first.animate = False
    first.precision = "fast"
    first.cache_mb = 2048
    first.legend_folded = True
    first.coloured_by = "macs"
    first.compared = ("vgg16", "/a, b.onnx")
    first.maps_look = "{}"
    first.shading_open = True
    first.camera, first.resolution, first.mirror = "usb:1", (1280, 720), False
    first.loop, first.speed, first.pace_folded = True, 0.25, True
    first.snapshot_folder = first.video_folder = str(tmp_path)
    first.table_widths = (120, 48)
    first.set_version("resnet50", "ImageNet V1")
    first.set_version("torchvision/vit", "random")
    first.set_version("torchvision/vit", "")
    first.add_recent("/a.png")
    first.add_recent("/b, c.png")
    first.save()
    again = Settings.in_file(file)
    assert again.theme == "dark"
    assert again.network == "vgg16"
    assert again.folder == str(tmp_path)
    assert (again.camera, again.resolution, again.mirror) == ("usb:1", (1280, 720), False)
    assert (again.loop, again.speed, again.pace_folded) == (True, 0.25, True)
    assert (again.snapshot_folder, again.video_folder) == (str(tmp_path), str(tmp_path))
    assert again.tab == 3
    assert again.size == 150
    assert again.panels == QByteArray(b"\x00\xffpanels")
    assert again.geometry == QByteArray(b"geometry")
    assert again.recent == ("/b, c.png", "/a.png")
    assert again.open_families == ("ResNet", "torchvision/EfficientNet")
    assert again.only_at_hand
    assert again.allow_private
    assert again.expansions == {
        "vgg16": frozenset({"features", "features.[0-4]"}), "resnet18": frozenset()
    }  # fmt: skip
    assert again.left_to_right
    assert not again.minimap
    assert not again.animate
    assert (again.precision, again.cache_mb) == ("fast", 2048)
    assert again.legend_folded is True
    assert again.compared == ("vgg16", "/a, b.onnx")
    assert again.coloured_by == "macs"
    assert again.maps_look == "{}"
    assert again.shading_open
    assert again.table_widths == (120, 48)
    assert again.versions == {"resnet50": "ImageNet V1"}


def test_open_blocks_are_remembered_for_so_many_networks(tmp_path: Path) -> None:
    settings = Settings.in_file(tmp_path / "settings.ini")
    settings.expansions = {f"net{number}": {"block"} for number in range(300)}
    assert len(settings.expansions) == 100
    assert "net299" in settings.expansions  # those shown last
    assert "net0" not in settings.expansions
    names = frozenset(f"block{number}" for number in range(20_000))
    settings.expansions = {f"net{number}": names for number in range(8)}
    assert 0 < len(settings.expansions) < 8
    assert settings.expansions["net7"] == names
    settings.save()
    assert (tmp_path / "settings.ini").stat().st_size < 1_500_000
    # a file that someone made larger than the program ever would
    (tmp_path / "large.ini").write_text('[General]\nexpansions="{' + " " * 1_100_000 + '}"\n')
    assert Settings.in_file(tmp_path / "large.ini").expansions == {}


def test_recent_pictures_are_few_and_each_once(tmp_path: Path) -> None:
    settings = Settings.in_file(tmp_path / "settings.ini")
    for number in range(20):
        settings.add_recent(f"/{number}.png")
    settings.add_recent("/15.png")
    assert len(settings.recent) == 12
    assert settings.recent[:2] == ("/15.png", "/19.png")
    settings.forget_recent("/19.png")
    assert "/19.png" not in settings.recent
    settings.forget_recent()
    assert settings.recent == ()


@pytest.mark.parametrize(
    "content",
    [
        b"\x00\xff\xfe garbage",
        b"[General]\ntheme=pink\nsize=5000\ntab=minus\nfolder=/no/such\n",
        b"[General]\npanels=7\ngeometry=@Point(1 2)\nsize=@Invalid()\n",
        b"[General]\ntheme=@Invalid()\nrecent=@Invalid()\nnetwork=@ByteArray(x)\ntab=999999\n",
        b"[General]\nversions=[1, 2]\nonly_at_hand=@Invalid()\nopen_families=7\n",
        b'[General]\nversions="{\\"a\\": 3, \\"b\\": [\nopen_families=@Point(1 2)\n',
        b'[General]\nexpansions="[{}]"\nleft_to_right=7\nminimap=@Invalid()\nanimate=maybe\n',
        b'[General]\nexpansions="{\\"a\\": 7, \\"b\\": [1], \\"c\\": {}}"\n',
        b"[General]\nexpansions=" + b"[" * 5000 + b"\n",
        b"[General]\ncoloured_by=@Point(1 2)\ntable_widths=120, wide\n",
        b"[General]\nprecision=quick\ncache_mb=-5\n",
        b"[General]\nprecision=@Invalid()\ncache_mb=100000000000\n",
        b"",
    ],
)
def test_a_bad_file_is_ignored(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "settings.ini"
    file.write_bytes(content)
    settings = Settings.in_file(file)
    assert settings.theme == "system"
    assert settings.tab == 0
    assert settings.size == 100
    assert settings.folder == ""
    assert settings.versions == {}
    assert settings.only_at_hand is False
    assert settings.allow_private is False
    assert settings.expansions == {}
    assert settings.left_to_right is False
    assert settings.minimap is True
    assert settings.animate is True
    assert settings.legend_folded is None
    assert settings.coloured_by == ""
    assert (settings.precision, settings.cache_mb) == ("exact", 512)
    assert settings.table_widths == ()
    assert all(isinstance(family, str) for family in settings.open_families)
    assert isinstance(settings.network, str)
    assert all(isinstance(path, str) for path in settings.recent)
    assert isinstance(settings.panels, QByteArray)
    assert isinstance(settings.geometry, QByteArray)


@pytest.mark.parametrize("key", ["panels", "geometry"])
def test_an_arrangement_with_one_letter_changed_is_no_arrangement(tmp_path: Path, key: str) -> None:
    """Qt does not check it, and crashes when it is drawn or taken down."""
    file = tmp_path / "settings.ini"
    settings = Settings.in_file(file)
    setattr(settings, key, QByteArray(b"an arrangement of panels"))
    settings.save()
    sound = file.read_bytes()
    start = sound.index(key.encode()) + len(key) + 1
    for place in range(start, len(sound) - 1):
        damaged = bytearray(sound)
        damaged[place] = ord("x") if damaged[place] != ord("x") else ord("y")
        other = tmp_path / f"{place}.ini"
        other.write_bytes(damaged)
        assert getattr(Settings.in_file(other), key).isEmpty()
    for bare in (
        f"[General]\n{key}=@ByteArray(\\0\\xff)\n",
        f'[General]\n{key}="\\xd800:\\xd800"\n',
    ):
        file.write_text(bare)
        assert getattr(Settings.in_file(file), key).isEmpty()


@pytest.mark.parametrize("text", ["", "x", "640", "0x480", "-1x2", "640x480x3", "9999999x1", "ax2"])
def test_a_resolution_that_is_none_is_left_to_the_camera(tmp_path: Path, text: str) -> None:
    settings = Settings.in_file(tmp_path / "settings.ini")
    settings._store.setValue("resolution", text)
    settings._store.setValue("speed", text)
    assert settings.resolution is None
    assert settings.speed == 1.0
