"""Lists of labelled videos."""

import pytest
from media_files import render
from mmengine.registry import init_default_scope

from avts_mm.datasets import VideoListDataset


@pytest.fixture
def folder(tmp_path):
    for name in ('a.avi', 'b c\td.avi', 'sub/#e;[1].avi'):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b'x')
    return tmp_path


def dataset(folder, text, **kwargs):
    (folder / 'list.txt').write_text(text)
    return VideoListDataset('list.txt', [], data_root=str(folder), **kwargs)


def test_names_may_hold_anything(folder):
    lines = 'a.avi 3\r\n\nb c\td.avi\t0\nsub/#e;[1].avi  12 \n'
    data = dataset(folder, '\ufeff' + lines)
    items = [data.get_data_info(i) for i in range(3)]
    assert [i['label'] for i in items] == [3, 0, 12]
    assert [i['filename'] for i in items] == [
        str(folder / name)
        for name in ('a.avi', 'b c\td.avi', 'sub/#e;[1].avi')
    ]
    assert data.largest_label == 12
    assert items[0]['modality'] == 'RGB'


def test_prefix_and_absolute_paths(folder):
    text = f'#e;[1].avi 0\n{folder}/a.avi 1\n'
    data = dataset(folder, text, data_prefix=dict(video='sub'))
    names = [data.get_data_info(i)['filename'] for i in range(2)]
    assert names == [str(folder / 'sub/#e;[1].avi'), str(folder / 'a.avi')]


def test_missing_videos(folder):
    text = 'a.avi 0\ngone.avi 1\nlost.avi 2\n'
    with pytest.raises(
        FileNotFoundError,
        match=r'list\.txt: 2 of 3 videos are missing, the first is .*gone',
    ):
        dataset(folder, text)
    assert len(dataset(folder, text, allow_missing=True)) == 1
    with pytest.raises(ValueError, match='lists no video'):
        dataset(folder, 'gone.avi 1\n', allow_missing=True)


@pytest.mark.parametrize(
    'line', ['a.avi', 'a.avi one', 'a.avi -1', '7', 'a.avi 1.0']
)
def test_malformed_lines(folder, line):
    with pytest.raises(ValueError, match=r'list\.txt, line 2.*path label'):
        dataset(folder, f'a.avi 0\n{line}\n')


def test_no_list(folder):
    with pytest.raises(FileNotFoundError, match=r'none\.txt.*build_lists'):
        VideoListDataset('none.txt', [], data_root=str(folder))


def test_several_classes_a_video(folder):
    data = dataset(folder, 'a.avi 0 2\n', multi_class=True, num_classes=4)
    assert data.get_data_info(0)['label'].tolist() == [1, 0, 1, 0]
    assert data.largest_label == 2


def test_pipeline_of_mmaction2(tmp_path):
    """decord and SampleFrames remain usable where files suit them."""
    for n in range(2):
        render(tmp_path / f'{n}.mp4', audio=None, seconds=2, events=())
    (tmp_path / 'list.txt').write_text('0.mp4 0\n1.mp4 1\n')
    init_default_scope('mmaction')
    data = VideoListDataset(
        'list.txt',
        [
            dict(type='DecordInit'),
            dict(
                type='SampleFrames', clip_len=25, num_clips=10, test_mode=True
            ),
            dict(type='DecordDecode'),
            dict(type='FormatShape', input_format='NCTHW'),
            dict(type='PackActionInputs'),
        ],
        data_root=str(tmp_path),
        test_mode=True,
    )
    sample = data[1]
    assert sample['inputs'].shape == (10, 3, 25, 48, 64)
    assert sample['data_samples'].gt_label.tolist() == [1]
