"""2,100 files damaged at random, read by each reader in other processes.

``FUZZ_FILES=20000`` damages more of them.
"""

import os
from collections import Counter

import pytest
from fuzz_media import Job, make_files, read_damaged

from avts_mm.media import MediaError
from avts_mm.preparation import run_jobs

NUMBER = int(os.environ.get('FUZZ_FILES', 2100))
# The least share of the files that it reads, and refuses; decord gets only
# those of prepared form that keep their size.
READERS = {'pictures': 0.05, 'sound': 0.05, 'decord': 0.004}

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
    for reader, share in READERS.items():
        assert counts[reader]['read'] > share * NUMBER
        assert counts[reader]['undecodable'] > share * NUMBER
