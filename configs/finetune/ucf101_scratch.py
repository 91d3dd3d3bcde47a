# UCF101 from random weights.
_base_ = [
    '../_base_/models/mc3_recognizer.py',
    '../_base_/default_runtime.py',
]

pretraining = None
model = dict(cls_head=dict(num_classes=101))

# Where tools/data/ucf101/build_lists.py has written its lists, of the official
# splits; {} is the number of the split. A training is on the first,
# tools/finetune_splits.py goes through all of them.
dataset_name = 'ucf101'
data_root = 'data/ucf101'
split_lists = dict(train='train_split{}.txt', test='test_split{}.txt')

# Clips like those of the pretraining: 25 frames of one second, whatever the
# rate of the file.
clip = dict(type='SampleFrames', clip_len=25, target_fps=25)
train_pipeline = [
    dict(type='DecordInit'),
    clip,
    dict(type='DecordDecode'),
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
    dict(type='DecordInit'),
    dict(test_mode=True, **clip),
    dict(type='DecordDecode'),
    dict(type='Resize', scale=(-1, 256)),
    dict(type='CenterCrop', crop_size=224),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs'),
]
# In the test: ten clips from begin to end, their probabilities averaged.
test_pipeline = [
    dict(type='DecordInit'),
    dict(test_mode=True, num_clips=10, **clip),
    *val_pipeline[2:],
]

train_dataloader = dict(
    batch_size=16,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='VideoDataset',
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
        type='VideoDataset',
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
        type='VideoDataset',
        data_root=data_root,
        ann_file=split_lists['test'].format(1),
        pipeline=test_pipeline,
        test_mode=True,
    ),
)

val_evaluator = dict(type='AccMetric')
test_evaluator = val_evaluator

# How the paper finetuned is not known; all of this is ours. The same for every
# start, so that the starts can be compared.
max_epochs = 60
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=5e-4),
    clip_grad=dict(max_norm=40, norm_type=2),
)
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.1,
        end=2,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        begin=2,
        end=max_epochs,
        T_max=max_epochs - 2,
        convert_to_iter_based=True,
    ),
]
auto_scale_lr = dict(enable=False, base_batch_size=64)

train_cfg = dict(
    type='ResumableEpochLoop', max_epochs=max_epochs, val_interval=5
)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

default_hooks = dict(
    # The last checkpoint is the one that counts. There is no third part of
    # the data to choose a better one by, and the test part must not be used
    # for it.
    checkpoint=dict(interval=1, max_keep_ckpts=1, save_best=None, rule=None),
)
