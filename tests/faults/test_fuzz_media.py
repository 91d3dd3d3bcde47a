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
    last, counts = {}, {reader: Counter() for reader in READERS}
    wrong, crashed, peak = [], Counter(), 0.0
    answers = run_jobs(
        read_damaged,
        jobs,
        num_workers=2,
        time_limit=60,
        on_progress=lambda job, reader: last.update({job: reader}),
    )
    seen = 0
    for job, answer in answers:
        seen += 1
        if isinstance(answer, MediaError):
            if answer.reason == 'crashed':
                crashed[last[job]] += 1
                continue
            wrong.append(f'{job.path}, {last.get(job)}: {answer}')
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
        print(f'crashes: {dict(crashed)}; peak memory: {peak:.0f} MB')
    assert seen == len(jobs)
    # Nothing but MediaError, nothing that hangs or crashes.
    assert not wrong, '\n'.join(wrong[:20])
    assert not crashed
    assert peak < 1500
    for reader in READERS:
        assert counts[reader]['read'] > 0.05 * NUMBER
        assert counts[reader]['undecodable'] > 0.05 * NUMBER
