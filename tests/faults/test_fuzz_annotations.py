"""Damaged lists and annotation files: read, or refused with file and line."""

import csv
import io
import re

import numpy as np
import pytest
from fuzz_media import damage

from avts_mm.datasets.recordings import read_recordings
from avts_mm.media.annotation import read_records
from avts_mm.preparation import find_sources

NUMBER = 400
# Refused as a whole, not for one line.
KNOWN = r'line \d+|header|lists no|missing|are from one source'
JUNK = ['', ' ', 'x', '-1', '1e999', 'nan', '0x10', '--5', '²', '9' * 5000]
JUNK += ['"', 'a"b', '\0', '1;2', 'é', '\u2028', '1,5', '\x85', '٣', '_1']


def table(*rows):
    text = io.StringIO()
    csv.writer(text, lineterminator='\n').writerows(rows)
    return text.getvalue()


def source_list(path):
    for source in find_sources(list_file=str(path)):
        int(source.extra.get('label') or -1)


# The text, what reads it, and its columns of numbers.
KINDS = {
    'records': (
        table(
            ['video', 'audio', 'start', 'duration', 'label', 'source'],
            *(
                [f'a b/{i}.mp4', f'ü,{i}.wav', i / 4, 3 + i, i % 3, f'q"{i}']
                for i in range(12)
            ),
        ),
        read_records,
        {2: 'start', 3: 'duration', 4: 'label'},
    ),
    'recordings': (
        table(
            ['audio', 'label', 'fold'],
            *([f'é{i}.wav', i % 4, 1 + i % 5] for i in range(12)),
        ),
        read_recordings,
        {1: 'label', 2: 'fold'},
    ),
    'sources': (
        table(
            ['video', 'start', 'end', 'label'],
            *([f'é{i}.mp4', i, i + 2, i] for i in range(12)),
        ),
        source_list,
        {1: 'start', 2: 'end', 3: 'label'},
    ),
}


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]


def refusal(read, path):
    """The message, None where it can be read."""
    try:
        read(path)
    except (ValueError, FileNotFoundError) as error:
        assert not isinstance(error, UnicodeError), error
        message = str(error)
        assert str(path) in message and len(message) < 800
        return message
    return None


def test_random_damage(kind, tmp_path):
    text, read, _ = kind
    path = tmp_path / 'list.csv'
    lines = 0
    for seed in range(NUMBER):
        rng = np.random.default_rng(seed)
        path.write_bytes(damage(text.encode(), rng))
        message = refusal(read, path)
        if message:
            lines += bool(re.search(r'line \d+', message))
            assert re.search(KNOWN, message), message
    assert lines > NUMBER / 5


def test_wrong_values(kind, tmp_path):
    """Junk in a field is either a value or refused by line and field."""
    text, read, fields = kind
    path = tmp_path / 'list.csv'
    refused = 0
    for number in (2, 7, 12):
        for column, name in fields.items():
            for junk in JUNK:
                rows = list(csv.reader(io.StringIO(text)))
                rows[number - 1][column] = junk
                path.write_text(table(*rows), encoding='utf-8', newline='')
                message = refusal(read, path)
                if message:
                    refused += 1
                    assert f'line {number}:' in message, (junk, message)
                    assert name in message, (junk, message)
    assert refused > 3 * len(fields) * len(JUNK) / 4
