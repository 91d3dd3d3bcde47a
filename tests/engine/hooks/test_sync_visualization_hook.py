"""Pictures in the Visualizer's backends."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine import Config
from mmengine.runner import Runner

from avts_mm.engine import SyncVisualizationHook

ROOT = Path(__file__).resolve().parents[3]
NAMES = ('distances', 'similarity', 'heat_map', 'retrieval')


def make_runner(corpus, folder, name='avts_demo_steps', backends=None, **hook):
    cfg = Config.fromfile(ROOT / 'configs' / f'{name}.py')
    cfg.merge_from_dict(
        {
            'model.video_backbone.base_channels': 2,
            'model.video_neck.in_channels': 16,
            'model.audio_backbone.channels': (2, 2, 4, 4, 4),
            'model.audio_neck.in_channels': 4,
            'val_cfg.fp16': False,
        }
    )
    for loader in ('train', 'val', 'test'):
        cfg[f'{loader}_dataloader'].merge(
            dict(
                num_workers=0,
                persistent_workers=False,
                dataset=dict(data_root=str(corpus.root)),
            )
        )
    # One that keeps the best cannot validate without training.
    cfg.default_hooks.checkpoint = dict(type='CheckpointHook')
    cfg.custom_hooks = [dict(type='SyncVisualizationHook', **hook)]
    cfg.visualizer.vis_backends = backends or [dict(type='LocalVisBackend')]
    cfg.work_dir = str(folder)
    cfg.experiment_name = folder.name
    cfg.randomness = dict(seed=0)
    return Runner.from_cfg(cfg)


def pictures(runner):
    (folder,) = Path(runner.work_dir).glob('*/vis_data')
    return {
        path.name: cv2.imread(str(path))
        for path in (folder / 'vis_image').glob('*.png')
    }


def hook_of(runner):
    (hook,) = [
        hook
        for hook in runner.hooks
        if isinstance(hook, SyncVisualizationHook)
    ]
    return hook


def test_pictures_are_written(corpus, tmp_path):
    runner = make_runner(corpus, tmp_path / 'local', num_clips=6)
    handed = {}
    add_image = runner.visualizer.add_image

    def watch(name, image, step=0):
        handed[name] = image
        add_image(name, image, step)

    runner.visualizer.add_image = watch
    runner.val()
    found = pictures(runner)
    assert sorted(found) == sorted(f'val_{name}_0.png' for name in NAMES)
    for name, image in handed.items():
        assert image.dtype == np.uint8 and image.shape[2] == 3
        # As they were handed over, and not blank.
        assert np.array_equal(found[f'{name}_0.png'][..., ::-1], image)
        assert image.std() > 10 and image.shape[1] > 400
    assert not runner.model.training

    # The same clips, the same pictures.
    again = {}
    runner.visualizer.add_image = lambda name, image, step: again.update(
        {name: image}
    )
    random, torch_state = np.random.get_state()[1], torch.get_rng_state()
    runner.model.train()
    hook_of(runner).after_val_epoch(runner)
    assert runner.model.training  # as it was
    assert (np.random.get_state()[1] == random).all()
    assert torch.equal(torch.get_rng_state(), torch_state)
    for name, image in handed.items():
        assert np.array_equal(image, again[name]), name


def test_models_of_whole_clips(corpus, tmp_path):
    runner = make_runner(
        corpus, tmp_path / 'clips', 'avts_demo', num_clips=5, prefix='held_out'
    )
    runner.val()
    assert sorted(pictures(runner)) == sorted(
        f'held_out_{name}_0.png' for name in NAMES
    )


def test_some_pictures_at_an_interval(corpus, tmp_path):
    runner = make_runner(
        corpus,
        tmp_path / 'some',
        pictures=['similarity'],
        interval=2,
        num_clips=2,
    )
    names = []
    runner.visualizer.add_image = lambda name, image, step: names.append(name)
    hook = hook_of(runner)
    for _ in range(5):
        hook.after_val_epoch(runner)
    assert names == ['val_similarity'] * 3


def test_a_picture_that_fails_stops_nothing(corpus, tmp_path, monkeypatch):
    runner = make_runner(corpus, tmp_path / 'bad', pictures=['distances'])
    warnings = []
    monkeypatch.setattr(runner.logger, 'warning', warnings.append)
    metric = runner.val_loop.evaluator.metrics[0]
    metric.last_distances = dict(positive=np.array([np.nan]))
    hook_of(runner).after_val_epoch(runner)
    assert 'no finite distance' in warnings[0]


def test_tensorboard(corpus, tmp_path):
    pytest.importorskip('tensorboard')
    from tensorboard.backend.event_processing.event_accumulator import (
        EventAccumulator,
    )

    runner = make_runner(
        corpus,
        tmp_path / 'board',
        backends=[dict(type='TensorboardVisBackend')],
        pictures=['similarity', 'retrieval'],
        num_clips=3,
    )
    runner.val()
    runner.visualizer.close()
    (events,) = Path(runner.work_dir).rglob('events.out.tfevents.*')
    board = EventAccumulator(str(events), size_guidance=dict(images=0))
    board.Reload()
    assert sorted(board.Tags()['images']) == [
        'val_retrieval',
        'val_similarity',
    ]
    (image,) = board.Images('val_similarity')
    data = np.frombuffer(image.encoded_image_string, np.uint8)
    assert cv2.imdecode(data, cv2.IMREAD_COLOR).std() > 10


@pytest.mark.parametrize(
    'arguments, message',
    [
        (dict(pictures=['curve']), 'unknown pictures'),
        (dict(interval=0), 'interval'),
        (dict(num_clips=1), 'num_clips'),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        SyncVisualizationHook(**arguments)
