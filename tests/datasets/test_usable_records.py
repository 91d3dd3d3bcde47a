"""What of a list is used, and what stops."""

import pytest
from media_files import render
from range_server import RangeServer

from avts_mm.datasets import AVPairDataset, LabelledVideoDataset
from avts_mm.datasets.transforms import LoadAVAudio, LoadVideoClips
from avts_mm.media.annotation import ListError

HEADER = 'video,audio,start,duration,label\n'


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('list')
    (root / 'videos').mkdir()
    for name in ('a', 'b'):
        render(root / 'videos' / f'{name}.mkv', seconds=2, events=(12,))
    render(root / 'videos' / 'mute.mkv', seconds=2, events=(), audio=None)
    (root / 'videos' / 'bad.mkv').write_text('hello')
    return root


@pytest.fixture
def listed(root):
    def write(*names, duration='2'):
        lines = [
            f'videos/{name}.mkv, videos/{name}.mkv, 0, {duration}, 1\n'
            for name in names
        ]
        (root / 'list.csv').write_text(HEADER + ''.join(lines))
        return dict(ann_file='list.csv', data_root=str(root))

    return write


def test_bad_files_stop_or_are_left_out(listed, printed):
    about = listed('a', 'mute', 'bad', 'gone', 'b')
    assert len(AVPairDataset(**about)) == 5
    with pytest.raises(
        ListError,
        match=r'list\.csv: 3 of 5 .*1 no_audio.*first: .*mute\.mkv',
    ):
        AVPairDataset(**about, bad_files='stop')
    data = AVPairDataset(**about, bad_files='leave_out')
    assert [data.get_data_info(i)['video_path'][-5:] for i in range(2)] == [
        'a.mkv',
        'b.mkv',
    ]
    assert '2 of 5 videos used, left out: 1 no_audio, 1' in printed[-1]
    # What is needed of sound, the pipeline tells.
    for pipeline, number in (
        ([], 3),
        ([LoadAVAudio(optional=True)], 3),
        ([LoadAVAudio()], 2),
    ):
        about.update(pipeline=pipeline, bad_files='leave_out')
        assert len(LabelledVideoDataset(**about)) == number
    with pytest.raises(ListError, match=r'no record.*1 missing.*gone\.mkv'):
        AVPairDataset(**listed('gone'), bad_files='leave_out')
    with pytest.raises(ValueError, match='bad_files must be'):
        AVPairDataset(**listed('a'), bad_files='go on')


def test_an_empty_duration_is_said_to_be_empty(listed):
    about = listed('a', 'b', duration='')
    with pytest.raises(ListError, match=r'2 of empty duration.*build_list'):
        AVPairDataset(**about)
    assert len(LabelledVideoDataset(**about)) == 2


def test_lists_of_mmaction2(root):
    (root / 'train.txt').write_text('a.mkv 1\n\nb.mkv\t0\n')
    data = LabelledVideoDataset(
        ann_file='train.txt',
        data_root=str(root),
        data_prefix=dict(video='videos'),
        bad_files='stop',
        test_mode=True,
        pipeline=[
            LoadVideoClips(5, 1.0, num_clips=3, test_mode=True),
        ],
    )
    assert [data[i]['label'] for i in range(2)] == [1, 0]
    assert len(data[0]['imgs']) == 15
    assert data[0]['video_start'] == pytest.approx([0, 0.5, 1], abs=0.03)
    (root / 'train.txt').write_text('a.mkv 1\nb.mkv\n')
    with pytest.raises(ListError, match=r'train\.txt, line 2: must be "path'):
        LabelledVideoDataset(ann_file='train.txt', data_root=str(root))


def test_files_of_a_storage_are_looked_at(listed, root, printed):
    pytest.importorskip('aiohttp')
    about = listed('a', 'mute', 'bad', 'gone', 'b')
    with RangeServer(root) as server:
        about['data_root'] = server.url
        data = AVPairDataset(**about, bad_files='leave_out')
        names = [data.get_data_info(i)['video_path'] for i in range(2)]
        assert names == [f'{server.url}/videos/{n}.mkv' for n in 'ab']
        assert '1 no_audio' in printed[-1] and '1 missing' in printed[-1]
        films = LabelledVideoDataset(
            'list.csv',
            data_root=server.url,
            bad_files='leave_out',
            pipeline=[LoadVideoClips(4, 1.0, sound=True), LoadAVAudio()],
        )
        assert len(films) == 2
        assert films[0]['audio'].any() and len(films[0]['imgs']) == 4
