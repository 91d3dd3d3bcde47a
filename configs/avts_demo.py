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
    # Unrelated embeddings of unit variance are sqrt(2) apart: a margin
    # beyond that gives negatives a gradient from the start.
    head=dict(loss=dict(margin=2.0)),
)

train_pipeline = [
    dict(type='LoadAVFrames', num_frames=25, backend='pyav'),
    dict(type='LoadAVAudio', sample_rate=16000),
    dict(type='Resize', scale=size, keep_ratio=False),
    dict(type='Flip', flip_ratio=0.5),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackAVInputs'),
]
test_pipeline = [t for t in train_pipeline if t['type'] != 'Flip']
dataset = dict(
    data_root=data_root,
    clip_seconds=1.0,
    hard_gap=0.5,
    super_hard_overlap=(0.25, 0.75),
)
train_dataloader = dict(
    batch_size=16,
    sampler=dict(pairs_per_video=2),
    dataset=dict(ann_file='train.csv', pipeline=train_pipeline, **dataset),
)
val_dataloader = dict(
    batch_size=32,
    dataset=dict(ann_file='val.csv', pipeline=test_pipeline, **dataset),
)
test_dataloader = val_dataloader

train_cfg = dict(val_interval=1)
# Ours: hard negatives from the start. The paper's curriculum does as well
# (docs/training.md).
custom_hooks = [
    dict(
        type='CurriculumHook',
        stages=[
            dict(begin=0, mix=dict(easy=1, hard=1)),
            dict(begin=5, mix=dict(easy=1, hard=3)),
        ],
    ),
    dict(type='ProgressBarHook'),
    dict(type='SyncReportHook'),
]
