"""The offset benchmark as a test loop."""

import pytest
from mmengine import Config
from mmengine.runner import Runner

import avts_mm.apis  # noqa: F401  it registers the loop


@pytest.fixture
def runner(corpus, tmp_path):
    cfg = Config.fromfile('configs/avts_demo_steps.py')
    cfg.model.video_backbone.base_channels = 2
    cfg.model.audio_backbone.channels = (2, 2, 4, 4, 4)
    cfg.model.video_neck.in_channels = 16
    cfg.model.audio_neck.in_channels = 4
    dataset = cfg.test_dataloader.dataset
    dataset.data_root = str(corpus.root)
    dataset.ann_file = str(corpus.val)
    cfg.test_dataloader.num_workers = 0
    cfg.test_dataloader.persistent_workers = False
    cfg.train_cfg = cfg.train_dataloader = cfg.optim_wrapper = None
    cfg.val_cfg = cfg.val_evaluator = cfg.val_dataloader = None
    cfg.param_scheduler = None
    cfg.default_hooks.progress = cfg.default_hooks.report = None
    cfg.test_cfg.update(lengths=(2, None), max_shift=1.0, max_drawn=0.8)
    cfg.work_dir = str(tmp_path)
    cfg.env_cfg.dist_cfg.backend = 'gloo'
    cfg.log_level = 'WARNING'
    cfg.experiment_name = tmp_path.name
    return Runner.from_cfg(cfg)


def test_measures_of_each_length(runner):
    found = runner.test()
    for length in ('2s', '3s'):
        assert found[f'offset/{length}/excerpts'] == 8
        assert 0 <= found[f'offset/{length}/frame'] <= 1
        # The embedded corpus sounds when a body strikes.
        assert found[f'offset/{length}/baseline/mae'] < 0.5
    again = runner.test_loop.run()
    assert again == pytest.approx(found, nan_ok=True)


def test_the_sound_of_another_video(runner):
    runner.test_loop.swap_sound = True
    found = runner.test()
    assert found['offset/3s/baseline/mae'] > 0.3
