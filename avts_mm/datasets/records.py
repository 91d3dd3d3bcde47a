"""Annotation files: one line per video, as CSV with a header.

``video,audio,start,duration,label``, then whatever else is known. ``audio``
is the file that holds the sound (the video itself for raw files, empty for
none); picture and sound both exist in ``[start, start + duration]``, seconds
of the video's own clock; ``label`` is -1 where it is empty.
"""

import csv
import math
import os
from collections.abc import Iterable

FIELDS = ('video', 'audio', 'start', 'duration', 'label')


def read_records(path: str) -> list[dict]:
    """Read an annotation file.

    Args:
        path (str): The CSV file.

    Returns:
        list[dict]: Per line ``video`` (str), ``audio`` (str), ``start``
        (float), ``duration`` (float), ``label`` (int), and extra columns as
        str.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: A column is missing or a value is not what it should be;
            the message names file and line.
    """
    path = os.fspath(path)
    if not os.path.isfile(path):
        raise FileNotFoundError(
            f'{path}: no such annotation file; make one with '
            'tools/data/prepare_av.py'
        )
    # utf-8-sig: spreadsheets put a byte-order mark in front.
    with open(path, newline='', encoding='utf-8-sig') as file:
        reader = csv.DictReader(file)
        try:
            missing = {'video', 'duration'} - set(reader.fieldnames or ())
            if missing:
                raise ValueError(
                    f'the header lacks {", ".join(sorted(missing))}; it must '
                    f'be {",".join(FIELDS)}'
                )
            return [_parse(row) for row in reader]
        except UnicodeDecodeError as error:
            raise ValueError(f'{path} is not text in UTF-8: {error}') from None
        except (csv.Error, ValueError) as error:
            raise ValueError(
                f'{path}, line {reader.line_num}: {error}'
            ) from None


def _parse(row: dict) -> dict:
    if row.pop(None, None):
        raise ValueError('more values than columns; quote names with commas')
    record = {key: value or '' for key, value in row.items()}
    record['video'] = record['video'].strip()
    if not record['video']:
        raise ValueError('the video is missing')
    record['audio'] = record.get('audio', '').strip()
    for name, least in (('start', 0.0), ('duration', 0.0)):
        text = record.get(name, '').strip() or '0'
        value = _number(name, text)
        if value < least:
            raise ValueError(f'{name} is negative: {text}')
        record[name] = value
    text = record.get('label', '').strip()
    try:
        record['label'] = int(text) if text else -1
    except ValueError:
        raise ValueError(f'label is not an integer: {text!r}') from None
    return record


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f'{name} is not a number of seconds: {text!r}')
    return value


def write_records(path: str, records: Iterable[dict]) -> None:
    """Write an annotation file.

    The file appears complete or not at all.

    Args:
        path (str): The CSV file; its folder is made if needed.
        records (Iterable[dict]): As :func:`read_records` gives them. A label
            of -1 is left empty; times are written to the microsecond.
    """
    path = os.fspath(path)
    records = list(records)
    extra = {key: None for record in records for key in record}
    names = list(FIELDS) + [key for key in extra if key not in FIELDS]
    rows = []
    for record in records:
        row = dict(record)
        for name in ('start', 'duration'):
            row[name] = round(float(row.get(name, 0.0)), 6)
        if row.get('label', -1) == -1:
            row['label'] = ''
        rows.append(row)
    os.makedirs(os.path.dirname(path) or '.', exist_ok=True)
    part = f'{path}.part'
    with open(part, 'w', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(file, names, restval='', lineterminator='\n')
        writer.writeheader()
        writer.writerows(rows)
    os.replace(part, path)
