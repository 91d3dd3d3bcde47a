"""Nodes of Ray's do what the pool does, also when one of them dies."""

import os
import sys
from collections import Counter
from pathlib import Path

import pytest
from media_files import render
from pool_jobs import act

from avts_mm.media import MediaError, PrepareOptions
from avts_mm.preparation import find_sources, prepare_corpus
from avts_mm.preparation.cluster import run_on_ray

SMALL = PrepareOptions(short_side=32, preset='ultrafast')


@pytest.fixture
def cluster(monkeypatch):
    """Two nodes of one CPU each, and the address of their head."""
    utils = pytest.importorskip('ray.cluster_utils')
    helpers = str(Path(__file__).resolve().parents[1] / 'helpers')
    path = os.environ.get('PYTHONPATH', '')
    monkeypatch.setenv('PYTHONPATH', f'{helpers}{os.pathsep}{path}')
    size = dict(object_store_memory=2**27)
    cluster = utils.Cluster(True, head_node_args=dict(num_cpus=0, **size))
    try:
        nodes = [cluster.add_node(num_cpus=1, **size) for _ in range(2)]
        yield cluster, nodes
    finally:
        cluster.shutdown()


@pytest.mark.nightly  # a minute: nodes start slowly
def test_each_job_gets_its_answer(cluster):
    jobs = ['a', 'hang', 'die', 'refuse', 'bug', 'b', 'c']
    answers = dict(run_on_ray(act, jobs, cluster[0].address, 1.5))
    assert {
        job: getattr(answer, 'reason', answer)
        for job, answer in answers.items()
    } == {
        'a': 'a done',
        'b': 'b done',
        'c': 'c done',
        'hang': 'timeout',
        'die': 'crashed',
        'refuse': 'no_audio',
        'bug': 'error',
    }
    assert isinstance(answers['die'], MediaError)
    with pytest.raises(OSError, match='No space left'):
        list(run_on_ray(act, ['full', 'a'], cluster[0].address))


@pytest.mark.nightly
def test_a_node_dies_in_the_middle(cluster, tmp_path):
    ray, nodes = cluster
    films = tmp_path / 'films'
    films.mkdir()
    for number in range(12):
        render(films / f'{number}.mp4', seconds=2, events=(number,))
    (films / 'text.mp4').write_text('hello')
    sources = find_sources([str(films)])
    alone = prepare_corpus(sources, str(tmp_path / 'alone'), SMALL)
    ended = Counter()

    def kill(source, reason):
        ended[source.name] += 1
        if ended.total() == 3:
            ray.remove_node(nodes[1], allow_graceful=False)

    out = str(tmp_path / 'cluster')
    found = prepare_corpus(sources, out, SMALL, on_done=kill, ray=ray.address)
    assert found.records == alone.records
    assert [list(x.by_reason()) for x in (alone, found)] == 2 * [
        ['undecodable']
    ]
    assert set(ended.values()) == {1} and len(ended) == 13
    lines = (tmp_path / 'cluster' / 'journal.jsonl').read_text().splitlines()
    assert len(lines) == 1 + 13
    for path in (tmp_path / 'alone').rglob('*.*'):
        other = tmp_path / 'cluster' / path.relative_to(tmp_path / 'alone')
        if path.suffix in ('.mp4', '.wav', '.csv'):
            assert path.read_bytes() == other.read_bytes()


def test_without_ray(monkeypatch):
    monkeypatch.setitem(sys.modules, 'ray', None)
    with pytest.raises(ImportError, match=r'avts_mm\[ray\]'):
        next(run_on_ray(act, ['a'], 'auto'))
