"""How a frame on a picture moves and changes under a hand, in whole pixels of the picture.

Numbers alone: no widget and no state.
"""

from cnn_explorer.gui.state.picture_link import Region

Grip = tuple[int, int]
"""What is held: -1 the left or upper side, 1 the right or lower one, 0 neither; (0, 0) is all."""

SMALLEST = 8
"""A frame's least side, pixels; of a smaller picture it is the whole side."""


def moved(frame: Region, across: float, down: float, width: int, height: int) -> Region:
    """The frame moved as far as it stays within a picture of this size."""
    x, y, wide, high = frame
    return _whole((x + across, y + down, wide, high), width, height)


def pulled(
    frame: Region, grip: Grip, across: float, down: float, width: int, height: int, square: bool
) -> Region:
    """The frame with the sides moved that are held; the others stay. Of a square the sides beside
    one that is held alone give way alike."""
    if square:
        frame = squared(frame)
    if grip == (0, 0):
        return moved(frame, across, down, width, height)
    x, y, wide, high = frame
    wanted_across = max(0.0, wide + grip[0] * across)
    wanted_down = max(0.0, high + grip[1] * down)
    room_across, room_down = _room(x, wide, grip[0], width), _room(y, high, grip[1], height)
    if square:
        wanted = [
            side for side, held in zip((wanted_across, wanted_down), grip, strict=True) if held
        ]
        room_across = room_down = min(room_across, room_down)
        wanted_across = wanted_down = max(wanted)
    across, down = _length(wanted_across, room_across), _length(wanted_down, room_down)
    return _whole(
        (_start(x, wide, grip[0], across), _start(y, high, grip[1], down), across, down),
        width,
        height,
    )


def grown(frame: Region, times: float, width: int, height: int) -> Region:
    """The frame so many times as large around its middle, as far as the picture allows."""
    x, y, wide, high = frame
    most = min(width / wide, height / high)
    least = max(min(SMALLEST, width) / wide, min(SMALLEST, height) / high)
    times = min(max(times, min(least, 1.0)), most)
    across, down = wide * times, high * times
    return _whole((x + (wide - across) / 2, y + (high - down) / 2, across, down), width, height)


def squared(frame: Region) -> Region:
    """The largest square in the middle of a frame."""
    x, y, wide, high = frame
    side = min(wide, high)
    return x + (wide - side) / 2, y + (high - side) / 2, side, side


def _room(start: float, length: float, held: int, whole: int) -> float:
    """How long a side can become: up to the picture's edge from the side that stays."""
    return start + length if held < 0 else whole - start if held > 0 else float(whole)


def _length(wanted: float, room: float) -> float:
    return min(max(wanted, float(SMALLEST)), room)


def _start(start: float, before: float, held: int, length: float) -> float:
    """Where a side begins that was so long: the end that is not held stays, or both give way."""
    return start if held > 0 else start + (before - length) / (1 if held else 2)


def _whole(frame: Region, width: int, height: int) -> Region:
    """In whole pixels, within the picture."""
    x, y, wide, high = frame
    across, down = min(max(1, round(wide)), width), min(max(1, round(high)), height)
    left = min(max(0, round(x)), width - across)
    top = min(max(0, round(y)), height - down)
    return float(left), float(top), float(across), float(down)
