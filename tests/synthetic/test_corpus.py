import hashlib
import json
import wave

import av
import numpy as np
import pytest

from avts_mm.media import open_audio
from avts_mm.media.annotation import read_records
from avts_mm.synthetic import corpus as synthetic
from avts_mm.synthetic.corpus import make_corpus, render_clip, write_clip
from avts_mm.synthetic.scene import (
    MATERIALS,
    MAX_GAP,
    STRIKERS,
    make_scene,
)

SMALL = dict(num_train=3, num_val=2, size=32, seconds=2.0)


def digests(root):
    return {
        str(path.relative_to(root)): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in sorted(root.rglob('*'))
        if path.is_file()
    }


def times_of_changes(root):
    return {path: path.stat().st_mtime_ns for path in root.rglob('*.*')}


@pytest.fixture(scope='module')
def built(tmp_path_factory):
    root = tmp_path_factory.mktemp('built')
    return root, make_corpus(root, **SMALL, num_workers=1)


@pytest.fixture(scope='module')
def scenes():
    return [make_scene(i, 4.0) for i in range(60)]


# Scenes


def test_scenes_strike_at_irregular_times(scenes):
    strikes = [np.array(scene.strikes) for scene in scenes]
    rates = [len(times) / 4.0 for times in strikes]
    assert 2.5 < np.mean(rates) < 4.0
    for scene, times in zip(scenes, strikes):
        assert (times >= 0).all() and (times < 4.0).all()
        assert (np.diff(times) >= 0).all()
        # Also at the ends: the bodies play before and after the clip.
        assert np.diff(np.r_[0.0, times, 4.0]).max() <= MAX_GAP
        for body in scene.bodies:
            assert np.diff(body.times).min() > 0.2
    intervals = np.concatenate([np.diff(times) for times in strikes])
    assert intervals.std() > 0.4 * intervals.mean()


def test_strikes_come_at_any_time_of_a_clip_alike():
    times = np.concatenate([make_scene(i, 4.0).strikes for i in range(800)])
    counts = np.histogram(times, 8, (0.0, 4.0))[0]
    assert counts.min() > 0.92 * counts.mean()
    assert counts.max() < 1.08 * counts.mean()


def test_scenes_are_varied(scenes):
    assert {len(scene.bodies) for scene in scenes} == {2, 3}
    used = [body.striker for scene in scenes for body in scene.bodies]
    assert set(used) == set(STRIKERS)
    labels = np.bincount([s.label for s in scenes], minlength=len(MATERIALS))
    assert len(labels) == len(MATERIALS) and labels.min() >= 5
    for scene in scenes:
        materials = [body.material for body in scene.bodies]
        assert len(set(materials)) == len(materials)
        assert scene.label in materials


# Picture and sound


def test_render_clip_shapes_and_seed():
    frames, sound, strikes = render_clip(5, 32, 1.2, 25, 16000)
    assert frames.shape == (30, 32, 32, 3) and frames.dtype == np.uint8
    assert sound.shape == (19200,) and sound.dtype == np.float32
    assert 0.3 < np.abs(sound).max() <= 1.0
    again = render_clip(5, 32, 1.2, 25, 16000)
    assert np.array_equal(frames, again[0])
    assert np.array_equal(sound, again[1])
    assert strikes == again[2]
    other = render_clip(6, 32, 1.2, 25, 16000)
    assert not np.array_equal(frames, other[0])
    assert strikes != other[2]


@pytest.mark.parametrize('seed', range(3))
def test_sound_begins_at_the_strike(seed):
    _, sound, strikes = render_clip(seed, 16)
    strikes = np.array(strikes)
    lonely = strikes[1:][np.diff(strikes) > 0.25]
    assert len(lonely)
    for time in lonely:
        at = int(np.ceil(time * 16000))
        before = np.abs(np.diff(sound[at - 80 : at])).max()
        after = np.abs(np.diff(sound[at - 1 : at + 79])).max()
        assert after > 1.5 * before


def test_picture_flashes_at_the_strike():
    rises, others = [], []
    for seed in range(8):
        frames, _, strikes = render_clip(seed, 32)
        change = np.diff(frames.astype(float), axis=0)
        change = np.clip(change, 0, None).reshape(len(change), -1)
        change = np.sort(change, axis=1)[:, -60:].mean(axis=1)
        # The first frame at or after the strike is the first to show it.
        first = np.ceil(np.array(strikes) * 25).astype(int)
        first = first[(first > 0) & (first < len(frames))]
        rises.append(change[first - 1])
        still = np.setdiff1d(np.arange(len(change)), first - 1)
        others.append(change[still])
    rises, others = np.concatenate(rises), np.concatenate(others)
    assert np.median(rises) > 1.5 * np.median(others)
    assert np.mean(rises > np.median(others)) > 0.9


def test_frames_do_not_tell_the_time():
    """Brightness and motion are alike in the first and the last second."""
    light, motion = [], []
    for seed in range(120):
        frames = render_clip(seed, 16)[0].astype(float)
        light.append(frames.mean(axis=(1, 2, 3)))
        motion.append(np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2, 3)))
    for values in (np.mean(light, axis=0), np.mean(motion, axis=0)):
        assert abs(values[:25].mean() / values[-25:].mean() - 1) < 0.06


# Files


def test_write_clip_streams(tmp_path):
    frames, sound, _ = render_clip(0, 32, 2.0)
    write_clip(tmp_path / 'a.mp4', frames, 25, sound)
    with av.open(str(tmp_path / 'a.mp4')) as container:
        video = container.streams.video[0]
        audio = container.streams.audio[0]
        assert video.codec_context.name == 'h264'
        assert video.codec_context.pix_fmt == 'yuv420p'
        assert not video.codec_context.has_b_frames
        assert video.start_time == 0 and audio.start_time == 0
        assert video.average_rate == 25
        assert audio.codec_context.name == 'aac'
        assert audio.rate == 16000 and audio.channels == 1
        images, keys, pts = [], [], []
        for frame in container.decode(video):
            images.append(frame.to_ndarray(format='rgb24'))
            keys.append(frame.key_frame)
            pts.append(float(frame.pts * frame.time_base))
    assert np.flatnonzero(keys).tolist() == [0, 12, 24, 36, 48]
    assert pts == pytest.approx(np.arange(50) / 25)
    with open_audio(str(tmp_path / 'a.mp4')) as reader:
        heard = reader.read(0.0, 1.9, 16000)
    lags = range(-200, 201)
    match = [
        np.dot(heard[400 + lag : 30000 + lag], sound[400:30000])
        for lag in lags
    ]
    assert lags[int(np.argmax(match))] == 0
    # Colour is coded at half the resolution; brightness must survive.
    grey = np.stack(images).mean(axis=3) - frames.mean(axis=3)
    assert np.abs(grey).mean() < 4


# The corpus


def test_corpus_layout(built):
    root, paths = built
    assert paths == {s: str(root / f'{s}.csv') for s in ('train', 'val')}
    assert len(list((root / 'videos').iterdir())) == 2 * 5
    rows = read_records(paths['train'])
    assert [row['video'] for row in rows] == [
        f'videos/train_000{i}.mp4' for i in range(3)
    ]
    assert len(read_records(paths['val'])) == 2
    for row in rows:
        assert row['start'] == 0.0 and row['duration'] == 2.0
        assert row['label'] in range(len(MATERIALS))
        assert row['audio'] == row['video'].replace('.mp4', '.wav')
        with wave.open(str(root / row['audio'])) as file:
            assert file.getparams()[:4] == (1, 2, 16000, 32000)
        with av.open(str(root / row['video'])) as container:
            assert container.streams.video[0].frames == 50


def test_corpus_same_seed_same_bytes(built, tmp_path):
    root, _ = built
    make_corpus(tmp_path / 'two', **SMALL, num_workers=2)
    assert digests(tmp_path / 'two') == digests(root)


def test_clips_depend_on_seed_and_number_alone(built, tmp_path):
    one = digests(built[0])
    for seed in (0, 1):
        root = tmp_path / str(seed)
        make_corpus(root, 1, 1, seed=seed, size=32, seconds=2.0)
        for name, digest in digests(root).items():
            if name.startswith('videos'):
                assert (digest == one[name]) == (seed == 0)


def test_finished_corpus_is_left_alone(built, monkeypatch):
    root, paths = built
    before = times_of_changes(root)

    def refuse(*args, **kwargs):
        raise AssertionError('a finished corpus was rendered again')

    monkeypatch.setattr(synthetic, 'render_frames', refuse)
    assert make_corpus(root, **SMALL) == paths
    assert times_of_changes(root) == before


def test_interrupted_corpus_is_finished(built, tmp_path, monkeypatch):
    root, _ = built
    render = synthetic.render_frames
    calls = []

    def stop_at_third(*args):
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return render(*args)

    monkeypatch.setattr(synthetic, 'render_frames', stop_at_third)
    with pytest.raises(KeyboardInterrupt):
        make_corpus(tmp_path, **SMALL, num_workers=1)
    record = json.loads((tmp_path / 'corpus.json').read_text())
    assert record['finished'] is False
    (tmp_path / 'videos' / 'train_0002.77.part.mp4').write_bytes(b'half')
    (tmp_path / 'videos' / 'train_0001.wav').unlink()  # lost
    kept = times_of_changes(tmp_path / 'videos')
    first = tmp_path / 'videos' / 'train_0000.mp4'
    monkeypatch.setattr(synthetic, 'render_frames', render)
    make_corpus(tmp_path, **SMALL, num_workers=1)
    assert times_of_changes(tmp_path / 'videos')[first] == kept[first]
    assert digests(tmp_path) == digests(root)


def test_other_arguments_replace_the_corpus(tmp_path):
    make_corpus(tmp_path, 2, 1, size=16, seconds=1.0)
    before = digests(tmp_path)
    paths = make_corpus(tmp_path, 1, 1, size=16, seconds=1.0, seed=3)
    after = digests(tmp_path)
    assert len(read_records(paths['train'])) == 1
    assert len(after) == 3 + 4
    for name, digest in after.items():
        assert name.endswith('.csv') or before[name] != digest


def test_refuses_a_folder_of_other_videos(tmp_path):
    (tmp_path / 'videos').mkdir()
    mine = tmp_path / 'videos' / 'train_0000.mp4'
    mine.write_bytes(b'holiday')
    with pytest.raises(FileExistsError, match='choose another folder'):
        make_corpus(tmp_path, 1, 1, size=16, seconds=1.0)
    assert mine.read_bytes() == b'holiday'


@pytest.mark.parametrize('size', [33, 8])
def test_refuses_odd_and_tiny_sizes(tmp_path, size):
    with pytest.raises(ValueError, match=f'got {size}'):
        make_corpus(tmp_path / 'x', 1, 1, size=size)
    assert not (tmp_path / 'x').exists()
