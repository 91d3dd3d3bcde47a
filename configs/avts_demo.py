# The main job in a few minutes on two CPU cores: the embedded corpus of bodies
# that strike and sound (tools/data/make_synthetic_corpus.py).
_base_ = 'avts_grid.py'

data_root = 'data/avts_demo'
size = (32, 32)

model = dict(
    video_backbone=dict(base_channels=8),
    audio_backbone=dict(channels=(8, 16, 32, 64, 64)),
    video_neck=dict(in_channels=64, time_bins=25),
    audio_neck=dict(in_channels=64, time_bins=25),
)

pipeline = [
    dict(type='LoadAVFrames', num_frames=25, backend='pyav'),
    dict(type='LoadAVAudio', sample_rate=16000),
    dict(type='Resize', scale=size, keep_ratio=False),
    dict(type='Flip', flip_ratio=0.5),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackAVInputs'),
]
dataset = dict(
    data_root=data_root,
    clip_seconds=1.0,
    hard_gap=0.5,
    super_hard_overlap=(0.25, 0.75),
    pipeline=pipeline,
)
train_dataloader = dict(
    batch_size=16,
    sampler=dict(pairs_per_video=4),
    dataset=dict(ann_file='train.csv', **dataset),
)
val_dataloader = dict(
    batch_size=32,
    dataset=dict(ann_file='val.csv', **dataset),
)
test_dataloader = val_dataloader

max_epochs = 10
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.04,
        end=1,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        begin=1,
        end=max_epochs,
        T_max=max_epochs - 1,
        convert_to_iter_based=True,
    ),
]
train_cfg = dict(max_epochs=max_epochs, val_interval=1)
custom_hooks = [
    dict(
        type='CurriculumHook',
        stages=[
            dict(begin=0, mix=dict(easy=1)),
            dict(begin=5, mix=dict(easy=3, hard=1)),
        ],
    ),
    dict(type='ProgressBarHook'),
    dict(type='SyncReportHook'),
]
