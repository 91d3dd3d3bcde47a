# L3-Net on the embedded corpus, where every clip shows bodies of its own.
_base_ = 'l3net_grid.py'

data_root = 'data/avts_demo'

model = dict(
    video_backbone=dict(channels=(8, 16, 32, 64)),
    audio_backbone=dict(channels=(8, 16, 32, 64)),
    head=dict(in_channels=64),
)

train_pipeline = [
    dict(type='LoadAVFrames', num_frames=1, backend='pyav'),
    dict(type='LoadAVAudio', sample_rate=16000),
    dict(type='Resize', scale=(32, 32), keep_ratio=False),
    dict(type='Flip', flip_ratio=0.5),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackAVInputs'),
]
test_pipeline = [t for t in train_pipeline if t['type'] != 'Flip']
data = dict(
    data_root=data_root,
    clip_seconds=1.0,
    hard_gap=0.5,
    super_hard_overlap=(0.25, 0.75),
)
train_dataloader = dict(
    batch_size=16,
    sampler=dict(pairs_per_video=2),
    dataset=dict(ann_file='train.csv', pipeline=train_pipeline, **data),
)
val_dataloader = dict(
    batch_size=32,
    dataset=dict(ann_file='val.csv', pipeline=test_pipeline, **data),
)
test_dataloader = val_dataloader
