"""Annotated videos as columns, so that millions of them stay small.

Two million records as Python dicts take gigabytes, and each worker copies
them by merely counting references. Columns are a handful of objects.
"""

from array import array
from dataclasses import dataclass

import numpy as np

from avts_mm.media.annotation import iter_records


class PackedStrings:
    """Strings in one buffer; behaves as a read-only sequence of str.

    Args:
        data (np.ndarray): uint8, all strings in UTF-8 one after the other.
        ends (np.ndarray): int64 ``(N,)``, where each ends.
    """

    def __init__(self, data: np.ndarray, ends: np.ndarray) -> None:
        self.data = data
        self.ends = ends

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, index: int) -> str:
        index = range(len(self.ends))[index]
        begin = int(self.ends[index - 1]) if index else 0
        return self.data[begin : int(self.ends[index])].tobytes().decode()

    def lengths(self) -> np.ndarray:
        """int64 ``(N,)``: bytes of each string."""
        return np.diff(self.ends, prepend=0)

    def take(self, index: np.ndarray) -> 'PackedStrings':
        """The strings at some places."""
        begins = (self.ends - self.lengths())[index]
        lengths = self.lengths()[index]
        ends = np.cumsum(lengths)
        data = np.empty(ends[-1] if len(ends) else 0, np.uint8)
        # Where each byte comes from takes eight bytes to say: part by part.
        for first in range(0, len(ends), 8192):
            part = slice(first, first + 8192)
            length = lengths[part]
            end = ends[part]
            offset = end[0] - length[0]
            source = np.repeat(begins[part] - (end - length), length)
            source += np.arange(offset, end[-1])
            data[offset : end[-1]] = self.data[source]
        return PackedStrings(data, ends)


class _StringPacker:
    """Collects strings for :class:`PackedStrings`."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.ends = array('q')

    def add(self, text: str) -> None:
        self.data += text.encode()
        self.ends.append(len(self.data))

    def pack(self) -> PackedStrings:
        return PackedStrings(
            np.frombuffer(bytes(self.data), np.uint8),
            np.array(self.ends, np.int64),
        )


@dataclass
class RecordTable:
    """The columns of an annotation file, N records.

    Attributes:
        video (PackedStrings): Files with the pictures.
        audio (PackedStrings): Files with the sound; empty for none.
        start (np.ndarray): float64 ``(N,)``, seconds on the video's clock.
        duration (np.ndarray): float64 ``(N,)``, seconds with both streams.
        label (np.ndarray): int64 ``(N,)``; -1 for none.
        prepared_bytes (np.ndarray): int64 ``(N,)``, size of the prepared
            video; 0 where it is not known.
        video_ids (np.ndarray): int64 ``(N,)``; equal for records that are cut
            from one file.
    """

    video: PackedStrings
    audio: PackedStrings
    start: np.ndarray
    duration: np.ndarray
    label: np.ndarray
    prepared_bytes: np.ndarray
    video_ids: np.ndarray

    def __len__(self) -> int:
        return len(self.start)

    def take(self, index: np.ndarray) -> 'RecordTable':
        """The records at some places."""
        return RecordTable(
            self.video.take(index),
            self.audio.take(index),
            self.start[index],
            self.duration[index],
            self.label[index],
            self.prepared_bytes[index],
            self.video_ids[index],
        )


def read_record_table(path: str) -> RecordTable:
    """Read an annotation file column by column.

    Args:
        path (str): CSV file with a header.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: Malformed; see :func:`iter_records`.
    """
    video, audio = _StringPacker(), _StringPacker()
    start, duration, label = array('d'), array('d'), array('q')
    hashes, sizes = array('q'), array('q')
    for record in iter_records(path):
        video.add(record.video)
        audio.add(record.audio)
        hashes.append(hash(record.video))
        start.append(record.start)
        duration.append(record.duration)
        label.append(record.label)
        sizes.append(record.prepared_bytes)
    # Equal paths have equal hashes; 64 bits keep different ones apart.
    ids = np.unique(np.array(hashes, np.int64), return_inverse=True)[1]
    return RecordTable(
        video.pack(),
        audio.pack(),
        np.array(start),
        np.array(duration),
        np.array(label, np.int64),
        np.array(sizes, np.int64),
        ids.reshape(-1),
    )
