# The command word of a GRID sentence (bin, lay, place or set) read from the
# lips, from random weights: mouth crops of 64 x 48 and a quarter of the width
# as in avts_grid.py, on two CPU cores. With few labels:
# --cfg-options train_dataloader.dataset.label_share=0.1
_base_ = [
    '../_base_/models/mc3_recognizer.py',
    '../_base_/default_runtime.py',
]

# Where tools/data/build_grid_lists.py has written its lists.
data_root = 'data/grid'
dataset_name = 'grid'
pretraining = None

num_frames = 20
clip_seconds = 0.8
mouth = (0.25, 0.46, 0.75, 0.85)

model = dict(
    backbone=dict(base_channels=16, channels_last=True),
    cls_head=dict(num_classes=4, in_channels=128),
)

train_pipeline = [
    dict(
        type='LoadVideoClips', num_frames=num_frames, clip_seconds=clip_seconds
    ),
    dict(type='RegionCrop', region=mouth, jitter=0.05),
    dict(type='Resize', scale=(64, 48), keep_ratio=False),
    dict(type='Flip', flip_ratio=0.5),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs'),
]
test_pipeline = [
    dict(
        type='LoadVideoClips',
        num_frames=num_frames,
        clip_seconds=clip_seconds,
        num_clips=3,
        test_mode=True,
    ),
    dict(type='RegionCrop', region=mouth),
    dict(type='Resize', scale=(64, 48), keep_ratio=False),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs'),
]
train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='LabelledVideoDataset',
        data_root=data_root,
        ann_file='command_train.csv',
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=17,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='LabelledVideoDataset',
        data_root=data_root,
        ann_file='command_val.csv',
        pipeline=test_pipeline,
        test_mode=True,
        bad_files='stop',  # before training, not at the first validation
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='AccMetric', metric_list=('top_k_accuracy',))
test_evaluator = val_evaluator

max_iters = 1000  # 400 with a tenth of the labels
optim_wrapper = dict(
    type='BFloat16OptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-3, weight_decay=1e-2),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.04, end=20, by_epoch=False),
    dict(
        type='CosineAnnealingLR',
        begin=20,
        end=max_iters,
        T_max=max_iters - 20,
        by_epoch=False,
    ),
]
train_cfg = dict(
    type='ResumableIterLoop', max_iters=max_iters, val_interval=100
)
val_cfg = dict(type='ValLoop', fp16=True)  # bfloat16 on a CPU
test_cfg = dict(type='TestLoop', fp16=True)
log_processor = dict(by_epoch=False)
default_hooks = dict(
    # The last one counts: the test part must not be used to choose another.
    checkpoint=dict(
        interval=100,
        by_epoch=False,
        max_keep_ckpts=1,
        save_best=None,
        rule=None,
    ),
)
