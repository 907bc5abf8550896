"""Live pictures made ready for the network while it still looks at the one before.

Making a frame of 640x480 fit takes a tenth of a small network's forward, on one core, while all
others would wait. So it is done meanwhile, in a thread that is there only while live pictures come.
What is done there is numpy's and Pillow's work alone. The two other threads share nothing but
references, which are set and read whole.
"""

from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor

from cnn_explorer.media.picture import Picture
from cnn_explorer.probe.results import PreparedInput

Prepare = Callable[[Picture], PreparedInput]


class PreparedAhead:
    """The newest live picture, prepared as the last one was."""

    def __init__(self) -> None:
        self._executor: ThreadPoolExecutor | None = None
        self._way: tuple[Hashable, Prepare] | None = None
        self._coming: tuple[Picture, Hashable, Future[PreparedInput]] | None = None

    # the GUI thread

    def begin(self, picture: Picture) -> None:
        """Prepare a picture that waits for the network, in place of the one before."""
        if self._way is None:
            return
        if self._coming is not None:
            self._coming[2].cancel()
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, "prepare")
        key, prepare = self._way
        self._coming = picture, key, self._executor.submit(prepare, picture)

    def stop(self) -> None:
        """No live pictures come any more: end the thread."""
        executor, self._executor, self._coming = self._executor, None, None
        if executor is not None:
            executor.shutdown(cancel_futures=True)

    # the engine thread

    def learn(self, key: Hashable, prepare: Prepare) -> None:
        """Prepare those that come in this way; `key` tells one way from another."""
        self._way = key, prepare

    def take(self, picture: Picture, key: Hashable) -> PreparedInput | None:
        """A picture prepared in a way; None where that was not done, or failed."""
        coming = self._coming
        if coming is None or coming[0] is not picture or coming[1] != key:
            return None
        try:
            return coming[2].result()
        except Exception:  # cancelled, or what is told where it is done in the usual way
            return None
