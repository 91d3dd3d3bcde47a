"""A corpus: annotation, counts by reason, and going on after a stop."""

import csv
import json
import os
import shutil
from pathlib import Path

import pytest
from media_files import render

from avts_mm.media import PrepareOptions
from avts_mm.media.annotation import read_records
from avts_mm.preparation import Shard, find_sources, prepare_corpus
from avts_mm.preparation.journal import Journal

SMALL = PrepareOptions(short_side=32, preset='ultrafast')


@pytest.fixture(scope='module')
def zoo(tmp_path_factory):
    """Two good videos among bad ones."""
    root = tmp_path_factory.mktemp('zoo')
    (root / 'deep').mkdir()
    render(root / 'good.mp4', seconds=2, events=(12,))
    render(root / 'deep' / 'late.mkv', audio_start=0.2, audio='flac')
    render(root / 'mute.mp4', seconds=2, events=(12,), audio=None)
    render(root / 'short.mp4', seconds=0.6, events=(5,))
    render(root / 'tail.mp4')
    data = (root / 'tail.mp4').read_bytes()
    (root / 'tail.mp4').write_bytes(data[: len(data) // 2])
    (root / 'empty.mp4').touch()
    (root / 'text.avi').write_text('hello')
    (root / 'unrelated.txt').write_text('hello')
    shutil.copy(root / 'good.mp4', root / 'good.mov')
    return root


def run(root, out, options=SMALL, **kwargs):
    kwargs.setdefault('num_workers', 2)
    return prepare_corpus(
        find_sources([str(root)]), str(out), options, **kwargs
    )


@pytest.fixture(scope='module')
def finished(zoo, tmp_path_factory):
    out = tmp_path_factory.mktemp('out') / 'corpus'
    return out, run(zoo, out)


@pytest.fixture
def out(finished, tmp_path):
    """A finished corpus to spoil."""
    return Path(shutil.copytree(finished[0], tmp_path / 'corpus'))


def test_annotation(finished):
    out, corpus = finished
    records = read_records(str(out / 'annotation.csv'))
    assert [r['video'] for r in records] == [
        'videos/good.mp4',
        'videos/deep/late.mp4',
    ]
    for record in records:
        assert record['audio'] == record['video'].replace('.mp4', '.wav')
        assert (out / record['video']).is_file()
        assert (out / record['audio']).is_file()
        assert record['label'] == -1
        size = (out / record['video']).stat().st_size
        assert record['prepared_bytes'] == size
    assert records[0]['start'] == 0
    assert records[0]['duration'] == pytest.approx(2, abs=0.03)
    assert records[1]['start'] == pytest.approx(0.2, abs=0.002)
    assert records[1]['duration'] == pytest.approx(2.8, abs=0.03)
    assert corpus.reused == 0


def test_what_is_left_out_is_counted_and_listed(finished):
    out, corpus = finished
    reasons = {
        os.path.basename(source.path): reason
        for source, reason, _ in corpus.left_out
    }
    assert reasons == {
        'good.mp4': 'name_clash',
        'mute.mp4': 'no_audio',
        'short.mp4': 'too_short',
        'tail.mp4': 'undecodable',
        'empty.mp4': 'undecodable',
        'text.avi': 'undecodable',
    }
    assert next(iter(corpus.by_reason())) == 'undecodable'
    with open(out / 'skipped.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    assert all(row['path'] in row['detail'] for row in rows)


def test_nothing_half_done_remains(finished):
    out, _ = finished
    found = {p.relative_to(out).as_posix() for p in out.rglob('*')}
    assert {p for p in found if p.startswith('videos/')} == {
        'videos/deep',
        *('videos/good.mp4', 'videos/good.wav'),
        *('videos/deep/late.mp4', 'videos/deep/late.wav'),
    }
    assert not [p for p in found if 'part' in p]


def test_a_second_run_does_nothing(zoo, out):
    before = {p: p.stat().st_mtime_ns for p in out.rglob('*.mp4')}
    annotation = (out / 'annotation.csv').read_text()
    corpus = run(zoo, out)
    assert corpus.reused == 7
    assert (out / 'annotation.csv').read_text() == annotation
    assert before == {p: p.stat().st_mtime_ns for p in out.rglob('*.mp4')}


def test_half_written_files_and_lines_do_not_count(zoo, out):
    good = out / 'videos' / 'good.mp4'
    whole = good.stat().st_size
    good.write_bytes(good.read_bytes()[: whole // 2])
    journal = out / 'journal.jsonl'
    lines = journal.read_text().splitlines()
    late = next(n for n, line in enumerate(lines) if 'late' in line)
    lines.append(lines.pop(late)[:40])
    journal.write_text('\n'.join(lines))
    (out / '.part').mkdir()
    (out / '.part' / 'x.mp4').write_bytes(b'half')
    corpus = run(zoo, out)
    assert corpus.reused == 5
    assert len(corpus.records) == 2
    assert good.stat().st_size == whole
    assert not (out / '.part').exists()


def test_other_limits_are_applied_to_what_is_there(zoo, out):
    strict = PrepareOptions(32, preset='ultrafast', min_seconds=2.5)
    corpus = run(zoo, out, strict)
    assert len(corpus.records) == 1
    assert len(corpus.by_reason()['too_short']) == 2
    lax = PrepareOptions(32, preset='ultrafast', min_seconds=0.5)
    corpus = run(zoo, out, lax)
    assert len(corpus.records) == 3
    assert 'too_short' not in corpus.by_reason()


def test_other_options_are_refused_unless_all_is_done_again(zoo, out):
    other = PrepareOptions(short_side=48, preset='ultrafast')
    with pytest.raises(ValueError, match='short_side=32'):
        run(zoo, out, other)
    with Journal(str(out), SMALL):  # the folder is free again
        pass
    assert run(zoo, out, other, overwrite=True).reused == 0
    entries = (out / 'journal.jsonl').read_text().splitlines()
    entries = [json.loads(line) for line in entries]
    good = next(e for e in entries if e.get('name') == 'good')
    assert good['prepared']['height'] == 48


def test_another_video_of_the_same_name(zoo, out, tmp_path):
    other = tmp_path / 'other'
    other.mkdir()
    render(other / 'good.mp4', seconds=3, events=(12,))
    corpus = run(other, out)
    _, reason, detail = corpus.left_out[-1]
    assert reason == 'name_clash'
    assert str(zoo) in detail
    # What is there under this name stays.
    assert len(corpus.records) == 2


def names_in(out):
    rows = read_records(str(out / 'annotation.csv'))
    assert sorted(r['video'] for r in rows) == sorted(
        p.relative_to(out).as_posix() for p in out.rglob('videos/**/*.mp4')
    )
    return [Path(row['video']).stem for row in rows]


def listed(out, path, text, **kwargs):
    path.write_text(text)
    sources = find_sources(list_file=str(path))
    return prepare_corpus(sources, str(out), SMALL, **kwargs)


def test_a_second_list_adds(zoo, out, tmp_path):
    mood = f'video,name,label,mood\n{zoo}/good.mov,again,5,calm\n'
    corpus = listed(out, tmp_path / 'b.csv', mood)
    assert corpus.reused == 1
    # The same video under another name is the same video.
    assert names_in(out) == ['late', 'again']
    assert {'undecodable', 'no_audio', 'too_short'} == {*corpus.by_reason()}
    more = f'{zoo}/deep/late.mkv\n'
    listed(out, tmp_path / 'c.txt', more)
    rows = {r['video']: r for r in read_records(str(out / 'annotation.csv'))}
    assert rows['videos/again.mp4']['label'] == 5
    assert rows['videos/again.mp4']['mood'] == 'calm'
    assert names_in(out) == ['again', 'late']
    with open(out / 'skipped.csv', newline='') as file:
        assert len(list(csv.DictReader(file))) == 5
    # Labels that a list gives now.
    listed(out, tmp_path / 'b.csv', mood.replace('5', '6'))
    listed(out, tmp_path / 'c.txt', more)
    rows = read_records(str(out / 'annotation.csv'))
    assert [row['label'] for row in rows] == [6, -1]


def test_taking_away_is_asked_for(zoo, out, tmp_path):
    late = f'{zoo}/deep/late.mkv\n'
    listed(out, tmp_path / 'c.txt', late, prune=True)
    assert names_in(out) == ['late']
    assert not (out / 'videos' / 'good.wav').exists()
    listed(out, tmp_path / 'c.txt', f'{zoo}/good.mp4\n', overwrite=True)
    assert names_in(out) == ['good']


def test_a_corpus_of_before_keeps_its_labels(zoo, tmp_path):
    out = tmp_path / 'out'
    text = f'video,label,mood\n{zoo}/good.mp4,3,calm\n'
    listed(out, tmp_path / 'a.csv', text)
    journal = out / 'journal.jsonl'
    entries = [json.loads(x) for x in journal.read_text().splitlines()]
    for entry in entries:
        entry.pop('extra', None)
    journal.write_text('\n'.join(map(json.dumps, entries)) + '\n')
    listed(out, tmp_path / 'c.txt', f'{zoo}/deep/late.mkv\n')
    first, _ = read_records(str(out / 'annotation.csv'))
    assert (first['label'], first['mood']) == (3, 'calm')


def test_prepared_files_that_are_gone_are_told(zoo, out, tmp_path):
    (out / 'videos' / 'good.wav').unlink()
    corpus = listed(out, tmp_path / 'c.txt', f'{zoo}/deep/late.mkv\n')
    assert len(corpus.records) == 1
    assert corpus.by_reason()['missing'][0].name == 'good'


def test_a_video_is_never_replaced_by_itself(zoo, tmp_path):
    (tmp_path / 'videos').mkdir()
    film = shutil.copy(zoo / 'good.mp4', tmp_path / 'videos')
    before = Path(film).read_bytes()
    with pytest.raises(ValueError, match=r'good\.mp4: lies where'):
        run(tmp_path / 'videos', tmp_path)
    assert Path(film).read_bytes() == before


def test_names_that_are_not_utf8(zoo, tmp_path):
    root, out = tmp_path / 'root', tmp_path / 'out'
    root.mkdir()
    shutil.copy(zoo / 'good.mp4', root / 'caf\udce9.mp4')
    shutil.copy(zoo / 'mute.mp4', root / '\udcff.mp4')
    for _ in range(2):
        corpus = run(root, out)
        assert names_in(out) == ['caf%E9']
        assert list(corpus.by_reason()) == ['no_audio']
        assert '\\udcff' in (out / 'skipped.csv').read_text()


def test_a_moved_folder_is_recognised(zoo, out, tmp_path):
    moved = shutil.copytree(zoo, tmp_path / 'moved')
    assert run(moved, out).reused == 7


@pytest.mark.skipif(os.name != 'posix', reason='locks are POSIX')
def test_two_runs_in_one_folder(zoo, out):
    with (
        Journal(str(out), SMALL),
        pytest.raises(BlockingIOError, match='another run'),
    ):
        run(zoo, out)


def test_segments_and_columns_of_a_list(zoo, tmp_path):
    list_file = tmp_path / 'list.csv'
    list_file.write_text(
        'video,start,end,label,mood\n'
        f'{zoo}/deep/late.mkv,0.4,1.6,4,calm\n'
        f'{zoo}/deep/late.mkv,1.5,2.7,,\n'
        f'{zoo}/gone.mp4,0,1,,\n'
    )
    corpus = prepare_corpus(
        find_sources(list_file=str(list_file)), str(tmp_path / 'out'), SMALL
    )
    first, second = read_records(str(tmp_path / 'out' / 'annotation.csv'))
    assert first['video'] == 'videos/late_000000.400_000001.600.mp4'
    assert (first['label'], first['mood']) == (4, 'calm')
    assert first['duration'] == pytest.approx(1.2, abs=0.03)
    assert second['label'] == -1
    assert [reason for _, reason, _ in corpus.left_out] == ['missing']


def files_of(out):
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob('*')
        if path.is_file() and not path.name.startswith(('.lock', 'journal'))
    }


def test_shards_make_the_same_corpus(zoo, finished, tmp_path):
    out = tmp_path / 'out'
    for number in (3, 1, 2):
        run(zoo, out, shard=Shard(number, 3), num_workers=1)
        assert not (out / 'annotation.csv').exists()
    again = run(zoo, out, shard=Shard(2, 3))
    assert again.reused > 0
    merged = run(zoo, out, merge=True)
    assert merged.reused == 0 and merged.records == finished[1].records
    assert files_of(out) == files_of(finished[0])
    assert [p.name for p in out.glob('journal*')] == ['journal.jsonl']
    # A job that is started once more finds its part in the whole.
    assert run(zoo, out, shard=Shard(2, 3)).reused == again.reused
    assert run(zoo, out).reused == 7
    assert files_of(out) == files_of(finished[0])


def test_a_job_that_has_not_ended_is_told(zoo, tmp_path):
    sources = find_sources([str(zoo)])
    home = Shard.of(next(s.name for s in sources if 'late' in s.name), 3)
    others = {Shard(number, 3) for number in (1, 2, 3)} - {home}
    for shard in others:
        run(zoo, tmp_path, shard=shard)
    with pytest.raises(ValueError, match=f'--shard {home.number}/3 again'):
        run(zoo, tmp_path, merge=True)
    with pytest.raises(ValueError, match=r'late|tail'):
        run(zoo, tmp_path, merge=True)
    assert not (tmp_path / 'annotation.csv').exists()
    run(zoo, tmp_path, shard=home)
    assert len(run(zoo, tmp_path, merge=True).records) == 2


def test_merging_tries_nothing_again(zoo, tmp_path):
    list_file = tmp_path / 'list.txt'
    list_file.write_text(f'{zoo}/gone.mp4\n{zoo}/good.mp4')
    sources = find_sources(list_file=str(list_file))
    for number in (1, 2):
        shard = Shard(number, 2)
        prepare_corpus(sources, str(tmp_path), SMALL, shard=shard)
    merged = prepare_corpus(sources, str(tmp_path), SMALL, merge=True)
    assert len(merged.records) == 1
    assert list(merged.by_reason()) == ['missing']


def test_shards_begun_anew_with_other_options(zoo, out):
    other = PrepareOptions(short_side=48, preset='ultrafast')
    for number in (1, 2):
        with pytest.raises(ValueError, match='short_side=32'):
            run(zoo, out, other, shard=Shard(number, 2))
        run(zoo, out, other, shard=Shard(number, 2), overwrite=True)
    assert len(run(zoo, out, other, merge=True).records) == 2


@pytest.mark.skipif(os.name != 'posix', reason='locks are POSIX')
def test_who_may_work_at_the_same_time(zoo, tmp_path):
    out = str(tmp_path)
    with Journal(out, SMALL, shard=Shard(1, 2)):
        with pytest.raises(BlockingIOError, match='another run'):
            run(zoo, out, shard=Shard(1, 2))
        with pytest.raises(BlockingIOError, match='another run'):
            run(zoo, out)
        with pytest.raises(ValueError, match='in 2 shards'):
            run(zoo, out, shard=Shard(1, 3))
        run(zoo, out, shard=Shard(2, 2))
