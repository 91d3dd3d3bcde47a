# The main job in a few minutes on two CPU cores: the embedded corpus of bodies
# that strike and sound (tools/data/make_synthetic_corpus.py).
_base_ = [
    '_base_/models/avts_mc3_small.py',
    '_base_/datasets/av_pairs.py',
    '_base_/default_runtime.py',
]

data_root = 'data/avts_demo'

model = dict(
    video_backbone=dict(base_channels=8),
    audio_backbone=dict(channels=(8, 16, 32, 64, 64)),
    video_neck=dict(in_channels=64),
    audio_neck=dict(in_channels=64),
    # Every clip of a batch is compared with every sound. Unrelated embeddings
    # of unit variance are sqrt(2) apart: a margin beyond that gives negatives
    # a gradient from the start.
    head=dict(loss=dict(margin=2.0), all_pairs=True),
)

train_pipeline = [
    dict(type='LoadAVFrames', num_frames=25, backend='pyav'),
    dict(type='LoadAVAudio', sample_rate=16000),
    dict(type='Resize', scale=(32, 32), keep_ratio=False),
    dict(type='Flip', flip_ratio=0.5),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackAVInputs'),
]
test_pipeline = [t for t in train_pipeline if t['type'] != 'Flip']
train_dataloader = dict(
    num_workers=1,
    # Two moments each of 16 videos.
    sampler=dict(clips_per_video=2),
    dataset=dict(
        data_root=data_root, ann_file='train.csv', pipeline=train_pipeline
    ),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=1,
    dataset=dict(
        data_root=data_root, ann_file='val.csv', pipeline=test_pipeline
    ),
)
test_dataloader = val_dataloader

max_epochs = 5
optim_wrapper = dict(
    type='BFloat16OptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-3, weight_decay=1e-4),
)
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
train_cfg = dict(
    type='ResumableEpochLoop', max_epochs=max_epochs, val_interval=1
)
val_cfg = dict(type='ValLoop', fp16=True)  # bfloat16 on a CPU
test_cfg = dict(type='TestLoop', fp16=True)

default_hooks = dict(
    # No plateau, hence no curriculum.
    curriculum=dict(
        type='CurriculumHook', stages=[dict(begin=0, mix=dict(easy=1, hard=1))]
    ),
    progress=dict(type='ProgressBarHook'),
    report=dict(type='SyncReportHook'),
)
