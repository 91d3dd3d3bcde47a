"""Dividing an annotation into what to train on and what to validate on."""

import hashlib
import os


def split_records(
    records: list[dict], val_share: float, seed: int = 0
) -> dict[str, list[dict]]:
    """Divide an annotation into ``'train'`` and ``'val'``.

    All segments of one video go to the same side. Which side does not depend
    on the order, and adding videos moves few others.

    Args:
        records (list[dict]): The annotation.
        val_share (float): Share of the videos for validation.
        seed (int): Another seed, another draw.

    Raises:
        ValueError: There are fewer than two videos to divide.
    """
    if not 0 < val_share < 1:
        raise ValueError(f'val_share={val_share} must lie between 0 and 1')
    # A link to a video is the video.
    real = {
        name: os.path.realpath(name)
        for name in {record['source'] for record in records}
    }
    names = sorted(set(real.values()))
    if len(names) < 2:
        raise ValueError(
            f'{len(names)} video(s) cannot be divided into train and val'
        )
    base = os.path.commonpath([os.path.dirname(name) for name in names])

    def draw(name):
        # Moving the folder does not change the draw.
        text = f'{seed}:{os.path.relpath(name, base)}'
        return hashlib.sha256(text.encode()).digest()

    count = min(max(1, round(val_share * len(names))), len(names) - 1)
    val = set(sorted(names, key=draw)[:count])
    parts: dict[str, list[dict]] = {'train': [], 'val': []}
    for record in records:
        side = 'val' if real[record['source']] in val else 'train'
        parts[side].append(record)
    return parts
