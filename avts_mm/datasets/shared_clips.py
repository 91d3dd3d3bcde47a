"""Several clips of one video, read while it is open once."""

from collections.abc import Callable, Sequence

import numpy as np

from avts_mm.media import MediaError

Pictures = tuple[list[np.ndarray], np.ndarray]


class SharedClips:
    """Clips of a video that a batch needs: whoever comes first reads them
    all, in one pass, and the others find theirs here.

    Args:
        starts (Sequence[float]): When the clips begin (s).
    """

    def __init__(self, starts: Sequence[float]) -> None:
        self.starts = np.asarray(starts, np.float64)
        self._clips: list[Pictures | None] | None = None

    def take(
        self,
        start: float,
        offsets: np.ndarray,
        read: Callable[[np.ndarray], Pictures],
    ) -> Pictures:
        """The pictures of a clip and when each begins; once for each clip.

        Args:
            start (float): When the clip begins (s).
            offsets (np.ndarray): Times of its pictures after that,
                ``(T,)``, the same for all clips.
            read (Callable): Reads pictures at times.

        Raises:
            MediaError: This clip cannot be read. Whether others can makes no
                difference.
        """
        if self._clips is None:
            self._clips = self._read_all(offsets, read)
        for i in np.flatnonzero(self.starts == start):
            clip, self._clips[i] = self._clips[i], None
            if clip is not None:
                return clip
        return read(start + offsets)

    def _read_all(self, offsets, read) -> list[Pictures | None]:
        times = self.starts[:, None] + offsets
        try:
            images, begins = read(times.reshape(-1))
        except MediaError:  # one of them; each is tried alone then
            return [None] * len(times)
        begins = begins.reshape(times.shape)
        count = len(offsets)
        return [
            (images[i * count : (i + 1) * count], begins[i])
            for i in range(len(times))
        ]
