# Pairs of 25 frames and the second of sound around them.
dataset_type = 'AVPairDataset'
data_root = 'data/kinetics400'

train_pipeline = [
    dict(type='LoadAVFrames', num_frames=25, backend='pyav'),
    dict(type='LoadAVAudio', sample_rate=16000, keep_silent=False),
    dict(type='Resize', scale=(-1, 256)),
    dict(
        type='MultiScaleCrop',  # reported, unconfirmed
        input_size=224,
        scales=(1, 0.875, 0.75, 0.66),
        random_crop=True,
    ),
    dict(type='Resize', scale=(224, 224), keep_ratio=False),
    dict(type='Flip', flip_ratio=0.5),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackAVInputs'),
]
test_pipeline = [
    dict(type='LoadAVFrames', num_frames=25, backend='pyav'),
    dict(type='LoadAVAudio', sample_rate=16000),
    dict(type='Resize', scale=(-1, 256)),
    dict(type='CenterCrop', crop_size=224),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackAVInputs'),
]

train_dataloader = dict(
    batch_size=16,  # on each of 4 GPUs, section 4
    num_workers=8,
    persistent_workers=True,
    collate_fn=dict(type='stack_inputs'),
    sampler=dict(type='AVPairSampler', mix=dict(easy=1)),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotation_train.csv',
        clip_seconds=1.0,
        hard_gap=0.5,  # as in code that follows the paper
        super_hard_overlap=(0.25, 0.75),  # ours
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=16,
    num_workers=8,
    persistent_workers=True,
    collate_fn=dict(type='stack_inputs'),
    sampler=dict(
        type='AVPairTestSampler', kinds=('positive', 'easy', 'hard'), seed=0
    ),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotation_val.csv',
        clip_seconds=1.0,
        hard_gap=0.5,
        super_hard_overlap=(0.25, 0.75),
        pipeline=test_pipeline,
        test_mode=True,
        bad_files='stop',  # before training, not at the first validation
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='SyncMetric')
test_evaluator = val_evaluator
