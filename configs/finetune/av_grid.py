# The letter (of 25) or the digit of a GRID sentence from picture and sound
# together, by the towers of one AVTS checkpoint. The digit:
# GRID_WORD=digit python tools/train.py configs/finetune/av_grid.py
# Another checkpoint: --cfg-options model.init_cfg.checkpoint=PATH
# Random weights: model.init_cfg=None
# One tower alone, all else the same: model.modality=picture (or sound)
_base_ = 'grid_scratch.py'

word = '{{$GRID_WORD:letter}}'
num_classes = dict(command=4, letter=25, digit=10)[word]
pretraining = 'avts'

data_root = 'data/grid'
num_frames = 20
clip_seconds = 0.8
mouth = (0.25, 0.46, 0.75, 0.85)

# Preprocessor and towers as in avts_grid.py.
model = dict(
    _delete_=True,
    type='AVRecognizer',
    modality='both',
    data_preprocessor=dict(
        type='AVDataPreprocessor',
        mean=(123.675, 116.28, 103.53),
        std=(58.395, 57.12, 57.375),
        log_mel=dict(
            sample_rate=16000,
            n_fft=512,
            window_seconds=0.02,
            hop_seconds=0.01,
            n_mels=40,
            mean=-5.0,
            std=4.3,
        ),
    ),
    video_backbone=dict(
        type='MC3', variant='mc3', base_channels=16, channels_last=True
    ),
    audio_backbone=dict(
        type='AudioVGG',
        channels=(16, 32, 64, 128, 128),
        num_convs=(1, 1, 2, 2, 2),
        pools=((2, 2), (2, 2), (2, 1), (2, 1)),
    ),
    cls_head=dict(
        type='AVHead',
        num_classes=num_classes,
        in_channels=(128, 128),
        fusion='concat',  # or 'sum', 'gated'
        hidden_channels=128,
        tower_loss_weight=1.0,
        modality_dropout=0.25,
        dropout_ratio=0.2,
        average_clips='prob',
    ),
    # All three answers at once.
    test_cfg=dict(modality='each'),
    init_cfg=dict(
        type='PretrainedTower',
        checkpoint='work_dirs/avts_grid/epoch_10.pth',
    ),
)

# Voices of other sentences of the training half, at so many dB.
babble = dict(
    type='AddBabble',
    ann_file='annotation_train.csv',
    data_root=data_root,
    snr=None,
)
train_pipeline = [
    dict(
        type='LoadVideoClips', num_frames=num_frames, clip_seconds=clip_seconds
    ),
    dict(type='LoadAVAudio', sample_rate=16000),
    dict(babble, snr=(-10, 20)),  # drawn for each clip
    dict(type='RegionCrop', region=mouth, jitter=0.05),
    dict(type='Resize', scale=(64, 48), keep_ratio=False),
    dict(type='Flip', flip_ratio=0.5),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackAVInputs'),
]
test_pipeline = [
    dict(
        type='LoadVideoClips',
        num_frames=num_frames,
        clip_seconds=clip_seconds,
        num_clips=3,
        test_mode=True,
    ),
    dict(type='LoadAVAudio', sample_rate=16000),
    # At one level: test_dataloader.dataset.pipeline.2.snr=-5
    babble,
    dict(type='RegionCrop', region=mouth),
    dict(type='Resize', scale=(64, 48), keep_ratio=False),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackAVInputs'),
]
stacked = dict(type='stack_inputs')
tested = dict(ann_file=f'{word}_val.csv', pipeline=test_pipeline)
train_dataloader = dict(
    collate_fn=stacked,
    dataset=dict(ann_file=f'{word}_train.csv', pipeline=train_pipeline),
)
val_dataloader = dict(collate_fn=stacked, dataset=tested)
test_dataloader = dict(collate_fn=stacked, dataset=tested)

max_iters = 1200
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
train_cfg = dict(max_iters=max_iters)
