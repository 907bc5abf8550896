"""Small pieces of sentences."""

import pytest

from cnn_explorer.text import (
    capitalised,
    classes,
    decimal,
    format_part,
    format_share,
    format_size,
    format_value,
    listed,
    no_formula,
    number_text,
    printable,
)


def test_names_from_elsewhere_are_fit_to_be_shown() -> None:
    assert printable("gr\u00f6\u00dfe 1.pth") == "gr\u00f6\u00dfe 1.pth"
    assert printable("a\nb\x1b[2J\u202e") == "a\ufffdb\ufffd[2J\ufffd"
    assert printable("\udcff") == "\ufffd"
    assert printable("a" * 9, 5) == "aaaaa..."
    assert printable("a" * 5, 5) == "a" * 5


@pytest.mark.parametrize(
    ("names", "text"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_a_list(names: list[str], text: str) -> None:
    assert listed(names) == text


def test_numbers() -> None:
    assert (classes(1), classes(1000)) == ("one class", "1,000 classes")
    assert (format_size(102_540_417), format_size(1 << 30)) == ("97.8 MB", "1.00 GB")
    assert format_part(44_145_050, 102_540_417) == "42.1 of 97.8 MB"
    assert format_part(1 << 20, 1 << 30) == "1.0 MB of 1.00 GB"


def test_values() -> None:
    assert [format_value(value) for value in (0.123456, -2.0, -0.0)] == ["0.1235", "−2", "0"]
    assert [format_value(value, 2) for value in (27683.0, -1e-7)] == ["2.8e4", "−1e−7"]
    assert [format_value(float(value)) for value in ("nan", "-inf")] == ["nan", "−inf"]
    assert [number_text(float(value)) for value in ("nan", "-inf")] == ["not a number", "−∞"]
    assert [decimal(value) for value in (1.0, 1.5, 2.346)] == ["1", "1.5", "2.35"]
    assert decimal(1.23456, 4) == "1.2346"


def test_shares_are_whole_only_where_they_are() -> None:
    shares = [format_share(share) for share in (0.0, 0.001, 0.5, 0.999, 1.0)]
    assert shares == ["0 %", "<1 %", "50 %", ">99 %", "100 %"]


def test_a_sentence_begins_with_a_large_letter_and_stays_otherwise() -> None:
    assert capitalised("the file VGG.pth is gone.") == "The file VGG.pth is gone."
    assert capitalised("") == ""


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_spreadsheet_runs_no_name(text: str) -> None:
    assert no_formula(text) == f"'{text}"
    assert no_formula(f"layer{text}") == f"layer{text}"
