"""Tars hold what the files held, for us and for WebDataset."""

import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from media_files import render

from avts_mm.datasets import AVPairDataset
from avts_mm.datasets.pairs import AVPair, PairKind
from avts_mm.datasets.transforms import LoadAVAudio, LoadAVFrames
from avts_mm.media import PrepareOptions
from avts_mm.media.annotation import read_records
from avts_mm.media.storage import open_file
from avts_mm.preparation import Shard, find_sources, prepare_corpus

SMALL = PrepareOptions(short_side=32, preset='ultrafast')


@pytest.fixture(scope='module')
def films(tmp_path_factory):
    root = tmp_path_factory.mktemp('films')
    (root / 'deep.er').mkdir()
    for name in ('a', 'deep.er/b.c', 'd', 'e'):
        render(root / f'{name}.mp4', seconds=2, events=(len(name),))
    render(root / 'mute.mp4', seconds=2, events=(1,), audio=None)
    return root


def run(films, out, **kwargs):
    sources = find_sources([str(films)] if films else [])
    return prepare_corpus(sources, str(out), SMALL, **kwargs)


@pytest.fixture(scope='module')
def corpus(films, tmp_path_factory):
    """A corpus in files, and the same in tars of two films each."""
    out = tmp_path_factory.mktemp('out')
    run(films, out / 'files')
    run(films, out / 'tars')
    size = sum(f.stat().st_size for f in (out / 'tars/videos').glob('a.*'))
    run(None, out / 'tars', tar_bytes=1.5 * size)
    return out


def contents(out):
    return {
        record['source']: [
            open_file(f'{out}/{record[key]}').read()
            for key in ('video', 'audio')
        ]
        for record in read_records(out / 'annotation.csv')
    }


def names(out):
    return sorted(path.name for path in (out / 'shards').iterdir())


def test_a_corpus_is_moved_into_tars(corpus):
    out = corpus / 'tars'
    assert names(out) == ['000000.tar', '000001.tar']
    assert not [p for p in (out / 'videos').rglob('*') if p.is_file()]
    assert contents(out) == contents(corpus / 'files')
    for record in read_records(out / 'annotation.csv'):
        for key in ('video', 'audio'):
            _, tar, place, name = record[key].split('/', 3)
            with tarfile.open(out / 'shards' / tar) as file:
                lies = file.getmember(name)
            assert place == f'{lies.offset_data}+{lies.size}'


def test_webdataset_reads_them(corpus):
    webdataset = pytest.importorskip('webdataset')
    out = corpus / 'tars'
    urls = [str(path) for path in sorted((out / 'shards').iterdir())]
    known = contents(out)
    seen = []
    for sample in webdataset.WebDataset(urls, shardshuffle=False):
        about = json.loads(sample['json'])
        assert [sample['mp4'], sample['wav']] == known[about['source']]
        assert about['duration'] == pytest.approx(2, abs=0.05)
        assert set(about) == {'start', 'duration', 'label', 'source'}
        seen.append(sample['__key__'])
    assert sorted(seen) == ['a', 'd', 'deep%2Eer/b%2Ec', 'e']


@pytest.mark.parametrize('backend', ['pyav', 'decord'])
def test_the_same_samples(corpus, backend):
    if backend == 'decord':
        pytest.importorskip('decord')
    pipeline = [
        LoadAVFrames(num_frames=5, backend=backend),
        LoadAVAudio(),
    ]

    def samples(folder):
        data = AVPairDataset(
            'annotation.csv',
            pipeline,
            data_root=str(corpus / folder),
            test_mode=True,
        )
        sources = [
            Path(r['source']).name
            for r in read_records(corpus / folder / 'annotation.csv')
        ]
        for name in sorted(sources):
            video = sources.index(name)
            other = sources.index('a.mp4')
            for audio, kind in (
                (video, PairKind.POSITIVE),
                (other, PairKind.EASY),
            ):
                sample = data[AVPair(video, audio, int(kind), 7)]
                yield [*sample['imgs'], sample['audio']]

    for one, other in zip(samples('files'), samples('tars'), strict=True):
        assert all(map(np.array_equal, one, other))


def test_what_comes_later_goes_into_further_tars(films, tmp_path):
    out = tmp_path / 'out'
    run(films / 'a.mp4', out, tar_bytes=1e9)
    (out / 'shards' / '000001.tar').write_text('of a run that was killed')
    (out / 'shards' / '000002.tar.part').touch()
    (out / 'shards' / 'mine.tar').touch()
    before = contents(out)
    found = run(films, out, tar_bytes=1e9)
    assert found.reused == 1 and len(found.records) == 4
    assert names(out) == ['000000.tar', '000001.tar', 'mine.tar']
    assert before.items() < contents(out).items()
    again = run(films, out)
    assert again.reused == 5 and again.records == found.records
    # Begun anew, there is nothing left of them.
    run(films, out, overwrite=True)
    assert names(out) == ['mine.tar']
    assert (out / 'videos' / 'a.mp4').is_file()


def test_a_tar_that_is_cut_off(films, corpus, tmp_path):
    out = tmp_path / 'out'
    run(films, out, tar_bytes=1e9)
    tar = out / 'shards' / '000000.tar'
    tar.write_bytes(tar.read_bytes()[:-20_000])
    assert list(run(None, out).by_reason()) == ['missing', 'no_audio']
    assert len(run(films, out, tar_bytes=1e9).records) == 4
    assert contents(out) == contents(corpus / 'files')


def test_each_job_has_tars_of_its_own(films, corpus, tmp_path):
    out = tmp_path / 'out'
    for number in (1, 2):
        run(films, out, shard=Shard(number, 2), tar_bytes=1)
    merged = run(films, out, merge=True)
    tars = {r['video'].split('/')[1] for r in merged.records}
    assert tars == set(names(out)) and len(tars) == 4
    assert {name[6:] for name in tars} == {'-1-of-2.tar', '-2-of-2.tar'}
    assert contents(out) == contents(corpus / 'files')
    # Names and places apart, the annotation is that of files.
    plain = read_records(corpus / 'files' / 'annotation.csv')
    for one, other in zip(plain, merged.records, strict=True):
        assert one['source'] == other['source']
        assert one['duration'] == pytest.approx(other['duration'], abs=1e-6)
