# UCF101 from picture and sound together, by the towers of one AVTS checkpoint.
# Half of its classes have no sound: those videos are judged by the picture.
# Another checkpoint: --cfg-options model.init_cfg.checkpoint=PATH
# Random weights: model.init_cfg=None
_base_ = 'ucf101_scratch.py'

pretraining = 'avts'
# Preprocessor and towers as in avts_kinetics.py.
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
            n_fft=1024,
            window_seconds=0.02,
            hop_seconds=0.01,
            n_mels=40,
            mean=-5.0,
            std=4.3,
        ),
    ),
    video_backbone=dict(type='MC3', variant='mc3'),
    audio_backbone=dict(
        type='AudioVGG',
        channels=(64, 128, 256, 512, 512),
        num_convs=(1, 1, 2, 2, 2),
    ),
    cls_head=dict(
        type='AVHead',
        num_classes=101,
        in_channels=(512, 512),
        fusion='concat',  # or 'sum', 'gated'
        hidden_channels=512,
        tower_loss_weight=1.0,
        modality_dropout=0.25,
        dropout_ratio=0.5,
        average_clips='prob',
    ),
    # All three answers at once.
    test_cfg=dict(modality='each'),
    init_cfg=dict(
        type='PretrainedTower',
        checkpoint='work_dirs/avts_kinetics/epoch_90.pth',
    ),
)

# One second of picture and sound, by the clock of the file.
clip = dict(type='LoadVideoClips', num_frames=25, clip_seconds=1.0, sound=True)
sound = dict(type='LoadAVAudio', sample_rate=16000, optional=True)
train_pipeline = [
    clip,
    sound,
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
    dict(type='PackAVInputs'),
]
# While training: one clip from the middle of each video.
val_pipeline = [
    dict(clip, test_mode=True),
    sound,
    dict(type='Resize', scale=(-1, 256)),
    dict(type='CenterCrop', crop_size=224),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackAVInputs'),
]
# In the test: ten clips from begin to end, their probabilities averaged.
test_pipeline = [dict(clip, test_mode=True, num_clips=10), *val_pipeline[1:]]

stacked = dict(type='stack_inputs')
train_dataloader = dict(
    collate_fn=stacked, dataset=dict(pipeline=train_pipeline)
)
val_dataloader = dict(collate_fn=stacked, dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(
    collate_fn=stacked, dataset=dict(pipeline=test_pipeline)
)
