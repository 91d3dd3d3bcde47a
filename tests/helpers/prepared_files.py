"""Whether a prepared file is what readers take for granted of one."""

import os

import numpy as np

from avts_mm.media import open_video, probe


def assert_as_prepared(path: str) -> None:
    """What its head tells is what a look at the whole of it tells, and it is
    read alike, bit by bit, wherever one enters it."""
    size = os.path.getsize(path)
    info = probe(path)
    end = info.video_duration
    step = 1 / info.fps
    with open_video(path, prepared_bytes=size) as reader:
        assert reader.info == info
    every = np.arange(0, end, step / 3)
    moments = [every, [0.0], [end - step / 2], [end + step / 2]]
    rng = np.random.default_rng(0)
    moments += list(rng.uniform(0, end, 8)[:, None] + np.arange(5) * step)
    with open_video(path, prepared_bytes=size) as again:
        for times in moments:
            times = np.clip(times, 0, end)
            # Opened anew, as for a sample; and where one stands.
            with (
                open_video(path) as full,
                open_video(path, prepared_bytes=size) as reader,
            ):
                images, begins = full.pictures(times)
                for quick in (reader, again):
                    found = quick.pictures(times)
                    np.testing.assert_array_equal(found[0], images)
                    np.testing.assert_array_equal(found[1], begins)
