"""What is known of an answer: what it holds, what it forgets, and when."""

import numpy as np
import pytest

from cnn_explorer.gui.state.settings import CACHE_SIZES
from cnn_explorer.probe.activation_cache import DEFAULT_LIMIT, MEGABYTE, ActivationCache
from cnn_explorer.probe.precision import Arithmetic
from cnn_explorer.probe.results import ClassScore, RunResult, Thumbnail

NETWORK, PICTURE = object(), object()
ANSWER = (ClassScore(0, "a", 1.0),)


def maps(kilobytes: int) -> np.ndarray:
    return np.zeros((kilobytes, 16, 16), np.float32)


def ran(ms: float = 1.0, thumbs: tuple[str, ...] = (), **layers: np.ndarray) -> RunResult:
    small = Thumbnail(np.zeros((2, 2), np.uint8), 0.0, 0.0, None)
    return RunResult(ANSWER, layers, ms, dict.fromkeys(thumbs, small))


@pytest.fixture
def cache() -> ActivationCache:
    cache = ActivationCache(limit=10 * 1024)
    cache.turn_to(NETWORK, PICTURE, "exact")
    return cache


def test_the_limit_is_the_one_that_is_stated() -> None:
    assert DEFAULT_LIMIT == 512 * 2**20 == ActivationCache().limit
    assert DEFAULT_LIMIT // MEGABYTE in CACHE_SIZES


def test_what_is_known_needs_no_run(cache: ActivationCache) -> None:
    assert cache.lacking((), (), "mean") == ((), ())  # the answer itself
    conv = maps(2)
    cache.add(ran(conv=conv), (), "mean")
    assert cache.lacking((), (), "mean") is None
    assert cache.lacking(("conv",), (), "mean") is None
    assert cache.lacking(("conv", "relu"), (), "mean") == (("relu",), ())
    result = cache.result(("conv",), (), "mean", {})
    assert result.classes is ANSWER
    assert result.activations["conv"] is conv  # shared, not copied
    assert cache.size == conv.nbytes


def test_times_are_those_of_the_run_that_made_the_answer(cache: ActivationCache) -> None:
    cache.add(ran(7.0, conv=maps(1)), (), "mean")
    assert cache.result(("conv",), (), "mean", {}).forward_ms == 7.0
    cache.add(ran(9.0, relu=maps(1)), (), "mean")
    assert cache.result(("conv",), (), "mean", {}).forward_ms == 9.0


def test_the_oldest_is_forgotten_first(cache: ActivationCache) -> None:
    for name in "abc":
        cache.add(ran(**{name: maps(4)}), (), "mean")
    assert cache.layers == ("b", "c")
    cache.add(ran(b=maps(4)), (), "mean")  # captured anew, it is the newest
    cache.add(ran(d=maps(4)), (), "mean")
    assert cache.layers == ("b", "d")
    assert cache.size <= cache.limit
    cache.limit = 4 * 1024
    assert cache.layers == ("d",)
    cache.limit = 0
    assert (cache.layers, cache.size) == ((), 0)
    assert cache.lacking((), (), "mean") is None  # the answer stays


def test_a_layer_larger_than_the_limit_is_given_and_not_kept(cache: ActivationCache) -> None:
    cache.add(ran(small=maps(3)), (), "mean")
    large = maps(11)
    cache.add(ran(large=large), (), "mean")
    assert cache.layers == ("small",)  # nothing was pushed out for it
    assert cache.result(("large",), (), "mean", {"large": large}).activations["large"] is large
    assert cache.lacking(("large",), (), "mean") == (("large",), ())


def test_thumbnails_are_kept_by_what_they_show(cache: ActivationCache) -> None:
    cache.add(ran(thumbs=("a",)), ("a", "head"), "mean")
    assert cache.lacking((), ("a", "head"), "mean") is None  # the head can have none
    assert cache.lacking((), ("a", "b"), "mean") == ((), ("b",))
    assert cache.lacking((), ("a",), "strongest") == ((), ("a",))
    cache.add(ran(thumbs=("b",)), ("b",), "mean")
    assert set(cache.result((), ("b", "head", "a"), "mean", {}).thumbnails) == {"a", "b"}
    assert set(cache.result((), ("b",), "mean", {}).thumbnails) == {"b"}


@pytest.mark.parametrize(
    "subject",
    [(object(), PICTURE, "exact"), (NETWORK, object(), "exact"), (NETWORK, PICTURE, "fast")],
)
def test_another_network_picture_or_precision_empties_it(
    cache: ActivationCache,
    subject: tuple,  # type: ignore[type-arg]
) -> None:
    cache.add(ran(thumbs=("a",), conv=maps(1)), ("a",), "mean")
    cache.turn_to(NETWORK, PICTURE, "exact")
    assert cache.layers == ("conv",)
    cache.turn_to(*subject)
    assert (cache.layers, cache.size) == ((), 0)
    assert cache.lacking((), ("a",), "mean") == ((), ("a",))
    assert cache.is_of(subject[0])


def test_equal_pictures_are_not_the_same(cache: ActivationCache) -> None:
    class Equal:
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]

    cache.turn_to(NETWORK, Equal(), "exact")
    cache.add(ran(conv=maps(1)), (), "mean")
    cache.turn_to(NETWORK, Equal(), "exact")
    assert cache.layers == ()


def test_what_was_computed_otherwise_is_not_mixed(cache: ActivationCache) -> None:
    fast = Arithmetic("fast", "bfloat16, channels last")
    small = ran(thumbs=("t",)).thumbnails
    cache.add(RunResult(ANSWER, {"a": maps(1)}, 1.0, small, fast), ("t",), "mean")
    assert cache.lacking(("a",), ("t",), "mean") is None
    cache.add(ran(b=maps(1)), (), "mean")  # fast failed on the way
    assert cache.layers == ("b",)
    assert cache.lacking(("a", "b"), ("t",), "mean") == (("a",), ("t",))
