"""Workers that hang, crash or fail cost one job, not the run."""

import pytest
from pool_jobs import act

from avts_mm.media import MediaError
from avts_mm.preparation import run_jobs


def test_each_job_gets_its_answer():
    jobs = ['a', 'hang', 'die', 'refuse', 'bug', 'b', 'c']
    answers = dict(run_jobs(act, jobs, num_workers=2, time_limit=1.5))
    assert set(answers) == set(jobs)
    assert [answers[job] for job in 'abc'] == ['a done', 'b done', 'c done']
    reasons = {
        job: answer.reason
        for job, answer in answers.items()
        if isinstance(answer, MediaError)
    }
    assert reasons == {
        'hang': 'timeout',
        'die': 'crashed',
        'refuse': 'no_audio',
        'bug': 'error',
    }
    assert '1.5 s' in str(answers['hang'])
    assert 'exit 7' in str(answers['die'])
    assert 'ZeroDivisionError: oops' in str(answers['bug'])
    assert answers['refuse'].path == 'refuse'


def test_slow_is_not_hanging():
    answers = run_jobs(act, ['slow'], 1, 1.0)
    assert list(answers) == [('slow', 'slow done')]


def test_a_full_disk_ends_the_run():
    with pytest.raises(OSError, match='No space left'):
        list(run_jobs(act, ['full', 'a'], 1))


def test_no_jobs():
    assert list(run_jobs(act, [], 2)) == []
