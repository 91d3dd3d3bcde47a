"""Where in the picture the sound comes from."""

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine import Config

from avts_mm.apis.embedding import FilmEmbedder
from avts_mm.apis.localize import FilmLocalizer, write_heat_map_video
from avts_mm.media import open_audio, open_video, probe
from avts_mm.media.film import ArrayFilm, as_film
from avts_mm.synthetic.corpus import render_clip
from avts_mm.visualization.heat_map import sound_distances

SIZE = 32


def config(by_steps=True, crop=None):
    neck = dict(in_channels=32, hidden_channels=8, out_channels=6)
    kind = 'StepProjectionNeck' if by_steps else 'ProjectionNeck'
    time = {} if by_steps else dict(time_bins=5)
    head = 'StepContrastiveHead' if by_steps else 'AVContrastiveHead'
    pipeline = [
        dict(type='LoadAVFrames', num_frames=25, backend='pyav'),
        dict(type='LoadAVAudio', sample_rate=16000),
        *([dict(type='RegionCrop', region=crop)] if crop else []),
        dict(type='Resize', scale=(SIZE, SIZE), keep_ratio=False),
        dict(type='FormatShape', input_format='NCTHW'),
        dict(type='PackAVInputs'),
    ]
    return Config(
        dict(
            default_scope='mmaction',
            model=dict(
                type='AVTS',
                data_preprocessor=dict(
                    type='AVDataPreprocessor', log_mel=dict(n_fft=512)
                ),
                video_backbone=dict(type='MC3', base_channels=4),
                audio_backbone=dict(
                    type='AudioVGG',
                    channels=(2, 4, 8, 8, 8),
                    pools=((2, 2), (2, 2), (2, 1), (2, 1)),
                ),
                video_neck=dict(type=kind, **time, **neck),
                audio_neck=dict(
                    type=kind,
                    time_dim=3,
                    **time,
                    **{**neck, 'in_channels': 8},
                ),
                head=dict(type=head),
            ),
            test_dataloader=dict(
                dataset=dict(clip_seconds=1.0, pipeline=pipeline)
            ),
        )
    )


def embedder(**kwargs):
    cfg = config(**kwargs)
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    # Statistics of something, so that no layer is blind.
    model.train()
    inputs = dict(
        video=torch.randint(0, 255, (2, 3, 25, SIZE, SIZE)).byte(),
        audio=torch.randn(2, 16000),
    )
    for _ in range(3):
        model(model.data_preprocessor(dict(inputs=inputs))['inputs'])
    return FilmEmbedder(model.eval(), cfg)


@pytest.fixture(scope='module')
def steps():
    return embedder()


@pytest.fixture(scope='module')
def clips():
    return embedder(by_steps=False)


def film(seconds=3.0, silent=None, size=48):
    frames, wave, _ = render_clip((0, 1, 0), size=size, seconds=seconds)
    if silent is not None:
        begin, end = (round(t * 16000) for t in silent)
        wave[begin:end] = 0
    return ArrayFilm(frames, 25, wave, 16000)


@pytest.fixture
def clip():
    rng = np.random.default_rng(0)
    return rng.integers(0, 255, (1, 3, 25, SIZE, SIZE), dtype=np.uint8)


def in_pieces(embedder, chunk, *film):
    localizer = FilmLocalizer(embedder)
    localizer.chunk = chunk
    return localizer.pieces(*film)


@torch.no_grad()
def test_a_place_has_the_embedding_of_a_picture_full_of_it(steps, clip):
    model = steps.model
    inputs = dict(video=torch.from_numpy(clip))
    video = model.data_preprocessor(dict(inputs=inputs))['inputs']['video']
    (places,) = steps.embed('places', clip)
    assert places.shape == (6, 25, 2, 2)
    features = model.video_backbone(video)
    for y, x in np.ndindex(2, 2):
        full = features[:, :, :, y : y + 1, x : x + 1].expand_as(features)
        expected = model.video_neck(full)[0]
        assert places[:, :, y, x] == pytest.approx(expected.numpy(), abs=1e-5)


def test_refined_places_lie_between(steps, clip):
    (fine,) = steps.embed('places', clip, refine=2)
    assert fine.shape == (6, 25, 4, 4)
    # Shifted by half the distance of two places, 8 of 32 pixels: what is at
    # a place then was 4 pixels beside its middle before.
    shifted = np.empty_like(clip)
    mean = np.array([123.675, 116.28, 103.53]).round().astype(np.uint8)
    shifted[:] = mean[:, None, None, None]
    shifted[..., 4:, 4:] = clip[..., :-4, :-4]
    (again,) = steps.embed('places', shifted)
    assert fine[:, :, ::2, ::2] == pytest.approx(again, abs=0.02)


@pytest.mark.parametrize('kind', ['steps', 'clips'])
def test_whole_film(kind, request):
    embedder = request.getfixturevalue(kind)
    pieces = list(in_pieces(embedder, 30, film()))
    assert [len(piece.frames) for piece in pieces] == [30, 30, 15]
    for piece in pieces:
        assert piece.maps.shape == (len(piece.frames), 2, 2)
        assert np.isfinite(piece.maps).all()
        assert len(piece.sound) == len(piece.frames) * 640
    frames, wave, _ = render_clip((0, 1, 0), seconds=3.0)
    assert np.concatenate([p.sound for p in pieces]) == pytest.approx(wave)
    shown = np.concatenate([piece.frames for piece in pieces])
    assert shown.shape == (75, 336, 336, 3)
    assert np.array_equal(shown[:, 3::7, 3::7], frames)


def test_maps_of_a_film_are_those_of_the_clip(steps):
    """Pieces join: what they are cut into matters little."""
    whole = list(in_pieces(steps, 75, film()))
    assert len(whole) == 1
    frames, wave, _ = render_clip((0, 1, 0), seconds=3.0)
    clips = steps.transform(list(frames)).swapaxes(0, 1)[None]
    (places,) = steps.embed('places', clips)
    (sounds,) = steps.embed('audio', wave[None])
    assert whole[0].maps == pytest.approx(
        sound_distances(places, sounds[:, :75], sounds), abs=1e-4
    )
    pieces = in_pieces(steps, 25, film())
    joined = np.concatenate([piece.maps for piece in pieces])
    # The sounds that they are set against are not quite the same.
    assert np.corrcoef(joined.ravel(), whole[0].maps.ravel())[0, 1] > 0.95


def test_part_of_a_film(steps):
    pieces = list(in_pieces(steps, 30, film(), 1.6))
    whole = next(in_pieces(steps, 75, film()))
    for name, end in (('frames', 40), ('sound', 25600)):
        joined = np.concatenate([getattr(piece, name) for piece in pieces])
        np.testing.assert_allclose(joined, getattr(whole, name)[:end], 1e-6)


def test_silence_comes_from_nowhere(steps):
    (piece,) = FilmLocalizer(steps).pieces(film(silent=(1.0, 2.0)))
    known = np.isfinite(piece.maps).all((1, 2))
    assert not known[26:49].any() and known[:24].all() and known[51:].all()


def test_region_is_what_the_model_looks_at():
    crop = (0.25, 0.46, 0.75, 0.85)
    localizer = FilmLocalizer(embedder(crop=crop))
    assert localizer.region(160, 160) == pytest.approx(crop, abs=0.01)
    assert localizer.region(240, 320) == pytest.approx(crop, abs=0.01)
    whole = FilmLocalizer(embedder()).region(48, 64)
    assert whole == pytest.approx((0, 0, 1, 1), abs=0.01)


@pytest.mark.parametrize('kind', ['steps', 'clips'])
def test_a_film_shorter_than_a_clip(kind, request):
    embedder = request.getfixturevalue(kind)
    (piece,) = FilmLocalizer(embedder).pieces(film(0.4))
    assert piece.maps.shape == (10, 2, 2)


def test_video_has_the_films_sound(steps, corpus, tmp_path):
    source = next(iter(sorted(corpus.root.glob('videos/val_*.mp4'))))
    opened = as_film(str(source))
    path = str(tmp_path / 'heat.mp4')
    assert write_heat_map_video(steps, opened, path, refine=2) == path
    opened.close()
    info = probe(path)
    assert info.height == info.width == 32 * 11
    assert info.fps == 25
    assert info.video_duration == pytest.approx(3, abs=0.05)
    times = (np.arange(70) + 0.5) / 25
    with (
        open_video(path, 'pyav') as drawn,
        open_video(str(source), 'pyav') as plain,
    ):
        difference = drawn.frames(times)[:, 5::11, 5::11].astype(
            int
        ) - plain.frames(times)
    assert 2 < np.abs(difference).mean() < 60
    with open_audio(path) as copy, open_audio(str(source)) as original:
        one, two = (x.read(0.2, 2.5, 16000) for x in (copy, original))
    assert np.corrcoef(one, two)[0, 1] > 0.98


def test_nothing_of_no_film(steps, tmp_path):
    with pytest.raises(ValueError, match='no frames'):
        write_heat_map_video(steps, film(), tmp_path / 'a.mp4', seconds=0)
    assert not (tmp_path / 'a.mp4').exists()
