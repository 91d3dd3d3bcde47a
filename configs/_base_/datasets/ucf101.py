# Clips like those of the pretraining, 25 frames of one second, from the lists
# of tools/data/ucf101/build_lists.py.
dataset_name = 'ucf101'
dataset_type = 'VideoListDataset'
data_root = 'data/ucf101'

# The lists of the official splits; {} is the number of the split. A training
# is on the first, tools/finetune_splits.py goes through all of them.
split_lists = dict(train='train_split{}.txt', test='test_split{}.txt')

train_pipeline = [
    dict(type='LoadVideoClips', num_frames=25, clip_seconds=1.0),
    dict(type='Resize', scale=(-1, 256)),
    dict(
        type='MultiScaleCrop',  # as in pretraining
        input_size=224,
        scales=(1, 0.875, 0.75, 0.66),
        random_crop=True,
    ),
    dict(type='Resize', scale=(224, 224), keep_ratio=False),
    dict(type='Flip', flip_ratio=0.5),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs'),
]
# While training: one clip from the middle of each video.
val_pipeline = [
    dict(
        type='LoadVideoClips', num_frames=25, clip_seconds=1.0, test_mode=True
    ),
    dict(type='Resize', scale=(-1, 256)),
    dict(type='CenterCrop', crop_size=224),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs'),
]
# In the test: ten clips from begin to end, their probabilities averaged.
test_pipeline = [
    dict(
        type='LoadVideoClips',
        num_frames=25,
        clip_seconds=1.0,
        num_clips=10,
        test_mode=True,
    ),
    *val_pipeline[1:],
]

train_dataloader = dict(
    batch_size=16,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=split_lists['train'].format(1),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=16,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=split_lists['test'].format(1),
        pipeline=val_pipeline,
        test_mode=True,
    ),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=split_lists['test'].format(1),
        pipeline=test_pipeline,
        test_mode=True,
    ),
)

val_evaluator = dict(type='AccMetric')
test_evaluator = val_evaluator
