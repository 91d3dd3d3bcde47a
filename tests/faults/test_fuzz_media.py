"""2,100 files damaged at random, read by each reader in other processes.

``FUZZ_FILES=20000`` damages more of them.
"""

import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from avts_mm.media import MediaError
from avts_mm.preparation import run_jobs

sys.path.insert(0, str(Path(__file__).parent))

from fuzz_media import Job, make_files, read_damaged

NUMBER = int(os.environ.get('FUZZ_FILES', 2100))
READERS = ('pictures', 'sound')

pytestmark = pytest.mark.skipif(
    not os.path.isdir('/proc/self'), reason='measures memory through /proc'
)


@pytest.mark.timeout(3000)
def test_damaged_files(tmp_path, capsys):
    sources = make_files(tmp_path)
    jobs = [Job(sources[i % len(sources)], i) for i in range(NUMBER)]
    counts = {reader: Counter() for reader in READERS}
    wrong, peak, seen = [], 0.0, 0
    for job, answer in run_jobs(read_damaged, jobs, 2, time_limit=60):
        seen += 1
        if isinstance(answer, MediaError):  # it crashed or hung
            wrong.append(f'{job.path}: {answer}')
            continue
        peak = max(peak, answer.pop('rss'))
        for reader, outcome in answer.items():
            counts[reader][outcome.partition(':')[0]] += 1
            if outcome.isupper() or ':' in outcome:
                wrong.append(f'{job.path}, {reader}: {outcome}')
    with capsys.disabled():
        print()
        for reader in READERS:
            print(f'{reader}: {dict(counts[reader].most_common())}')
        print(f'peak memory: {peak:.0f} MB')
    assert seen == len(jobs)
    # Nothing but MediaError, nothing that hangs or crashes.
    assert not wrong, '\n'.join(wrong[:20])
    assert peak < 1500
    for reader in READERS:
        assert counts[reader]['read'] > 0.05 * NUMBER
        assert counts[reader]['undecodable'] > 0.05 * NUMBER
