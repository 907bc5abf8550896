"""The pool of open networks: what it keeps, what it lets go, and that memory comes back."""

import os
import subprocess
import sys
import weakref
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from cnn_explorer.errors import Cancelled, ExplorerError
from cnn_explorer.networks import weights as weights_module
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.probe import pool as pool_module
from cnn_explorer.probe.onnx_session import OnnxSession
from cnn_explorer.probe.pool import SessionPool, Wanted, titles_of
from cnn_explorer.probe.session import Session
from tests.networks.onnx_files import saved, small_net

LENET = Wanted(card_of("lenet5"))
RESNET = Wanted(card_of("resnet20"))
PLAIN = Wanted(card_of("plain20"))


def size_of(session: Session) -> int:
    tensors = (*session.model.parameters(), *session.model.buffers())
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def save_weights(path: Path, session: Session) -> None:
    save_file(
        {name: value.contiguous() for name, value in session.model.state_dict().items()}, path
    )


def test_a_network_is_opened_once() -> None:
    pool = SessionPool()
    session = pool.get(RESNET)
    assert pool.get(RESNET) is session
    assert pool.get(Wanted(card_of("resnet20"))) is session
    assert pool.get(Wanted(card_of("resnet20"), version="random")) is not session
    assert len(pool.open) == 2


def test_bytes_are_those_of_parameters_and_buffers() -> None:
    pool = SessionPool()
    expected = size_of(pool.get(RESNET)) + size_of(pool.get(LENET))
    assert pool.held_bytes == expected


def test_a_fast_copy_counts() -> None:
    session = Session.open(card_of("lenet5"))
    exact = session.held_bytes
    copy = torch.nn.Linear(10, 5)
    session._fast._form = type(session._exact)(copy, session._exact.arithmetic)
    assert session.held_bytes == exact + 4 * 55
    session._fast.drop()
    assert session.held_bytes == exact


def test_the_least_recently_used_goes_first() -> None:
    pool = SessionPool(1_200_000 + 1_200_000)  # ResNet-20 and Plain-20 have 1.1 MB each
    pool.get(RESNET)
    pool.get(LENET)
    pool.get(RESNET)
    pool.get(PLAIN)
    assert pool.open == (RESNET, PLAIN)
    assert pool.held_bytes <= 2_400_000


def test_the_one_in_use_stays_however_large() -> None:
    pool = SessionPool(1)
    session = pool.get(RESNET)
    assert pool.open == (RESNET,)
    assert pool.get(RESNET) is session
    pool.get(LENET)
    assert pool.open == (LENET,)


def test_an_open_session_is_adopted() -> None:
    pool = SessionPool(1_000_000)
    pool.get(LENET)
    session = Session.open(card_of("resnet20"))
    pool.adopt(RESNET, session)
    assert pool.open == (RESNET,)
    assert pool.get(RESNET) is session


def test_without_weights_it_says_so() -> None:
    session = SessionPool().get(Wanted(card_of("lenet5"), version="random"))
    assert not session.trained
    assert "random" in session.weights


def test_an_onnx_file_takes_part(tmp_path: Path) -> None:
    wanted = Wanted(onnx_file=saved(small_net(), tmp_path / "own.onnx"))
    pool = SessionPool()
    session = pool.get(wanted)
    assert isinstance(session, OnnxSession)
    assert pool.held_bytes == 2 * session.network.file.model.ByteSize()


def test_what_was_written_anew_is_opened_anew(tmp_path: Path) -> None:
    file = tmp_path / "mine.safetensors"
    save_weights(file, Session.open(card_of("resnet20")))
    wanted = Wanted(card_of("resnet20"), weights_file=file)
    pool = SessionPool()
    session = pool.get(wanted)
    assert pool.get(wanted) is session
    save_weights(file, Session.open(card_of("resnet20"), version="random"))
    os.utime(file, ns=(1, 1))  # the clock of a file may be too coarse to tell them apart
    anew = pool.get(wanted)
    assert isinstance(session, Session)
    assert isinstance(anew, Session)
    assert not torch.equal(anew.model.state_dict()["conv1.weight"],
                           session.model.state_dict()["conv1.weight"])  # fmt: skip
    assert pool.open == (wanted,)


def test_weights_that_come_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = SessionPool()
    with monkeypatch.context() as before:
        for module in (pool_module, weights_module):
            before.setattr(module, "at_hand", lambda _card: None)
        assert not pool.get(RESNET).trained
    assert pool.get(RESNET).trained


def test_no_two_networks_are_called_the_same(tmp_path: Path) -> None:
    resnet = card_of("resnet20")
    mine = Wanted(resnet, weights_file=tmp_path / "mine.pt")
    wanted = (RESNET, LENET, mine, RESNET, Wanted(onnx_file=tmp_path / "a\n.onnx"))
    titles = titles_of(wanted)
    assert titles[:4] == ("ResNet-20", "LeNet-5", "ResNet-20 (mine.pt)", "ResNet-20 (2)")
    assert "\n" not in titles[4]


def test_what_is_open_survives_an_error(tmp_path: Path) -> None:
    pool = SessionPool()
    session = pool.get(RESNET)
    with pytest.raises(ExplorerError):
        pool.get(Wanted(card_of("plain20"), weights_file=tmp_path / "none.pth"))
    with pytest.raises(ExplorerError):
        pool.get(Wanted(onnx_file=tmp_path / "none.onnx"))

    def stop(_fraction: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        pool.get(PLAIN, stop)
    assert pool.open == (RESNET,)
    assert pool.get(RESNET) is session


def test_either_a_card_or_a_file() -> None:
    with pytest.raises(ValueError, match="either"):
        Wanted()
    with pytest.raises(ValueError, match="either"):
        Wanted(card_of("lenet5"), onnx_file=Path("a.onnx"))


MEMORY = """
import os, sys
from pathlib import Path
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.probe.pool import SessionPool, Wanted

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

name, limit, how = sys.argv[1:]
pool, small = SessionPool(int(limit)), Wanted(card_of("lenet5"))
pool.get(small)
before = resident()
pool.get(Wanted(card_of(name), version="random"))
held = resident()
pool.clear() if how == "clear" else pool.get(small)
print(held - before, resident() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="asks Linux")
@pytest.mark.parametrize(
    ("name", "limit", "how", "takes", "leaves"),
    [
        ("alexnet", 100_000_000, "other", 200_000_000, 100_000_000),  # 244 MB
        ("resnet50", 2_000_000_000, "clear", 80_000_000, 40_000_000),  # 102 MB, no layer above 10
    ],
)
def test_memory_comes_back(name: str, limit: int, how: str, takes: int, leaves: int) -> None:
    """In a process of its own: this one has had more, and reuses it."""
    command = [sys.executable, "-c", MEMORY, name, str(limit), how]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    held, left = map(int, done.stdout.split())
    assert held > takes
    assert left < leaves


def test_what_is_let_go_is_gone() -> None:
    pool = SessionPool(100_000_000)
    large = pool.get(Wanted(card_of("alexnet"), version="random"))  # 244 MB
    model = weakref.ref(large.model)  # type: ignore[union-attr]
    del large
    pool.get(LENET)
    assert model() is None
