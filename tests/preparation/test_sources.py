"""Which videos are found, and what they will be called."""

import os

import pytest

from avts_mm.preparation import Shard, Source, find_sources, find_videos


def touch(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_folders_are_searched(tmp_path):
    touch(
        tmp_path / 'b.MP4',
        tmp_path / 'a' / 'x.webm',
        tmp_path / 'a' / 'deep' / 'y.mpg',
        tmp_path / 'notes.txt',
        tmp_path / 'song.wav',
        tmp_path / '.hidden.mp4',
        tmp_path / '.cache' / 'z.mp4',
    )
    found = find_sources([str(tmp_path)])
    assert [s.name for s in found] == ['b', 'a/x', 'a/deep/y']
    assert all(os.path.isabs(s.path) for s in found)


def link(path, to):
    path.symlink_to(to, target_is_directory=True)


def test_a_video_counts_once_whatever_links_to_it(tmp_path):
    root, more = tmp_path / 'root', tmp_path / 'more'
    touch(root / 'v.mp4', root / 'sub' / 'x.mp4', more / 'y.mp4')
    (root / 'alias.mp4').symlink_to('v.mp4')
    link(root / 'a', more)  # elsewhere
    link(root / 'b', root / 'sub')
    for name in ('loop', 'loop2'):
        link(root / 'sub' / name, '..')
    for paths in ([root], [root, root / 'sub', root / 'v.mp4']):
        found = find_sources(map(str, paths))
        assert [s.name for s in found] == ['v', 'sub/x', 'a/y']
    assert len(list(find_videos(str(root)))) == 4  # alias.mp4 is a name


def test_names_that_are_not_utf8(tmp_path):
    touch(tmp_path / 'caf\udce9' / 'good.mp4', tmp_path / '\udcff.mp4')
    names = [s.name for s in find_sources([str(tmp_path)])]
    assert names == ['%FF', 'caf%E9/good']
    (source,) = find_sources([str(tmp_path / '\udcff.mp4')])
    assert (source.name, source.path[-5:]) == ('%FF', '\udcff.mp4')


def test_prepared_files_are_no_sources_unless_named(tmp_path):
    corpus = tmp_path / 'corpus'
    touch(corpus / 'journal.jsonl', corpus / 'videos' / 'v.mp4')
    touch(tmp_path / 'v.mp4')
    assert [s.name for s in find_sources([str(tmp_path)])] == ['v']
    assert not find_sources([str(corpus)])
    assert len(find_sources([str(corpus / 'videos')])) == 1
    assert len(list(find_videos(str(corpus)))) == 1


def test_folders_that_cannot_be_read_are_told(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(
        'avts_mm.preparation.sources.print_log', lambda m, **_: told.append(m)
    )
    scan = os.scandir

    def scandir(path):
        if path.endswith('secret'):
            raise PermissionError(13, 'Permission denied', path)
        return scan(path)

    monkeypatch.setattr(os, 'scandir', scandir)
    touch(tmp_path / 'secret' / 'x.mp4', tmp_path / 'v.mp4')
    assert len(find_sources([str(tmp_path)])) == 1
    assert 'secret' in told[0]


def test_single_files_need_no_known_suffix(tmp_path):
    touch(tmp_path / 'clip.dat')
    (source,) = find_sources([str(tmp_path / 'clip.dat')])
    assert source == Source(str(tmp_path / 'clip.dat'), 'clip')
    with pytest.raises(FileNotFoundError, match='none'):
        find_sources([str(tmp_path / 'none.mp4')])


def test_plain_list(tmp_path):
    list_file = tmp_path / 'list.txt'
    list_file.write_text(f'# mine\nin/a.mp4\n\n{tmp_path}/b.mkv\n../c.avi\n')
    found = find_sources(list_file=str(list_file))
    assert [s.name for s in found] == ['in/a', 'b', 'c']
    assert found[0].path == str(tmp_path / 'in' / 'a.mp4')
    assert found[2].path == str(tmp_path.parent / 'c.avi')


def test_lists_of_mmaction2(tmp_path):
    list_file = tmp_path / 'list.txt'
    list_file.write_text('x/a.mp4 3\nmy film.avi\t0\ntake 2\n')
    found = find_sources(list_file=str(list_file), root=str(tmp_path / 'in'))
    assert [s.path for s in found] == [
        str(tmp_path / 'in' / name)
        for name in ('x/a.mp4', 'my film.avi', 'take 2')
    ]
    assert [s.extra for s in found] == [{'label': '3'}, {'label': '0'}, {}]


def test_list_with_segments(tmp_path):
    list_file = tmp_path / 'list.csv'
    list_file.write_text(
        'video,start,end,name,label,mood\n'
        'a.mp4,10,20,,3,"good, very"\n'
        'a.mp4,1.5,2.25,,,\n'
        'a.mp4,30,,,,\n'
        'a.mp4,,,other/name,0,\n'
        'b.mp4,,,,,\n'
    )
    found = find_sources(list_file=str(list_file))
    assert [s.name for s in found] == [
        'a_000010_000020',
        'a_000001.500_000002.250',
        'a_000030_end',
        'other/name',
        'b',
    ]
    assert (found[0].start, found[0].end) == (10, 20)
    assert (found[2].start, found[2].end) == (30, None)
    assert (found[4].start, found[4].end) == (None, None)
    assert found[0].extra == {'label': '3', 'mood': 'good, very'}


@pytest.mark.parametrize(
    'line, message',
    [
        ('a.mp4,20,10,', 'line 2: end=10.0 is not after'),
        ('a.mp4,soon,,', "line 2: start is not a number of seconds: 'soon'"),
        ('a.mp4,-1,,', 'line 2: start is negative: -1'),
        (',1,2,', 'line 2: the video is missing'),
        ('a.mp4,1,2,dog', "line 2: label is not an integer: 'dog'"),
        ('a.mp4,1,2,3,4', 'line 2: more values'),
    ],
)
def test_malformed_lists_name_the_line(line, message, tmp_path):
    list_file = tmp_path / 'list.csv'
    list_file.write_text(f'video,start,end,label\n{line}\n')
    with pytest.raises(ValueError, match=message):
        find_sources(list_file=str(list_file))


def test_names_cannot_leave_the_folder(tmp_path):
    list_file = tmp_path / 'list.csv'
    list_file.write_text('video,name\na.mp4,../../etc/x\nb.mp4,/root/y\n')
    names = [s.name for s in find_sources(list_file=str(list_file))]
    assert names == ['etc/x', 'root/y']


def test_a_shard_is_told_by_the_name_alone():
    sources = [Source(f'/{n}.mp4', f'deep/{n}') for n in range(1000)]
    parts = [Shard(number, 4).part(sources) for number in (1, 2, 3, 4)]
    found = [source for part in parts for source in part]
    assert sorted(found, key=sources.index) == sources
    assert all(210 < len(part) < 290 for part in parts)
    assert Shard(2, 4).part(sources[::-1]) == parts[1][::-1]
    assert Shard.of('Film', 64) == Shard.of('film', 64)


def test_the_shard_of_a_job(monkeypatch):
    assert Shard.parse('3/64') == Shard(3, 64)
    for wrong in ('0/4', '5/4', '3', 'a/b', '-1/4', ''):
        with pytest.raises(ValueError, match='1/64 to 64/64'):
            Shard.parse(wrong)
    with pytest.raises(ValueError, match='no job of an array'):
        Shard.parse('slurm')
    for name, value in dict(ID=7, MIN=5, COUNT=8).items():
        monkeypatch.setenv(f'SLURM_ARRAY_TASK_{name}', str(value))
    assert Shard.parse('slurm') == Shard(3, 8)
