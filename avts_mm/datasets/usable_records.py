"""The records of a list that can be used; all others are counted."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import islice

from mmengine.logging import print_log

from avts_mm.media import MediaError, locate
from avts_mm.media.annotation import ListError, Record, iter_records
from avts_mm.media.look import look_at_all

BAD_FILES = (None, 'stop', 'leave_out')
_CHUNK = 4096  # records looked at before any of them is passed on


def usable_records(
    ann_file: str,
    folder: str,
    fault: Callable[[Record], str | None] = lambda record: None,
    bad_files: str | None = None,
    sound: bool = True,
    backend_args: Mapping | None = None,
) -> Iterator[Record]:
    """Read a list, and say in the log how much of it can be used.

    Args:
        ann_file (str): See :mod:`avts_mm.media.annotation`.
        folder (str): What paths of videos are relative to.
        fault (Callable): Why a record is left out, by what the list says.
        bad_files (str, optional): Look at the files, too
            (:func:`~avts_mm.media.look.look_at`), and ``'leave_out'`` those
            of no use, or ``'stop'``. None does not look. Defaults to None.
        sound (bool): Whether sound is needed. Defaults to True.
        backend_args (dict, optional): See
            :class:`~avts_mm.media.remote.Address`.

    Raises:
        FileNotFoundError: There is no such file.
        ListError: It is malformed, has no record that can be used, or has
            bad files that are to stop.
    """
    if bad_files not in BAD_FILES:
        raise ValueError(f'bad_files must be of {BAD_FILES}, not {bad_files}')

    def job(record: Record) -> tuple:
        video = locate(folder, record.video, backend_args)
        audio = record.sound if sound else ''
        audio = audio and locate(folder, audio, backend_args)
        end = record.start + record.duration
        end = 0.0 if math.isnan(end) else end
        return video, audio, end, record.prepared_bytes

    counts: Counter[str] = Counter()
    errors: list[MediaError] = []
    number = used = 0
    records = iter_records(ann_file)
    while chunk := list(islice(records, _CHUNK)):
        number += len(chunk)
        faults = [fault(record) for record in chunk]
        counts.update(text for text in faults if text)
        chunk = [r for r, text in zip(chunk, faults) if not text]
        if bad_files:
            looks = list(look_at_all(map(job, chunk)))
            errors += filter(None, looks)
            chunk = [r for r, error in zip(chunk, looks) if error is None]
        used += len(chunk)
        yield from chunk
    reasons = Counter(error.reason for error in errors)
    bad = ', '.join(f'{n} {why}' for why, n in reasons.most_common())
    if errors and bad_files == 'stop':
        raise ListError(
            f'{ann_file}: {len(errors)} of {number} videos cannot be used '
            f'({bad}), the first: {errors[0]}. Take them out, as '
            'tools/data/build_list.py and prepare_av.py do, or set '
            "bad_files='leave_out' of the data set"
        )
    texts = [f'{n} {text}' for text, n in counts.items()]
    left_out = ', '.join(texts + [bad] * bool(bad))
    if not used:
        first = f'; {errors[0]}' if errors else ''
        raise ListError(
            f'{ann_file} has no record that can be used: it has {number} '
            f'({left_out or "only a header"}){first}; see '
            'tools/data/prepare_av.py for making one from videos'
        )
    print_log(
        f'{ann_file}: {used} of {number} videos used'
        + (f', left out: {left_out}' if left_out else ''),
        logger='current',
    )
