# The paper's model: MC3-18 on 25 frames, a VGG on the log-mel of the same
# second, two fully connected layers each, distance of the two embeddings.
model = dict(
    type='AVTS',
    data_preprocessor=dict(
        type='AVDataPreprocessor',
        mean=(123.675, 116.28, 103.53),  # of ImageNet, as in mmaction2
        std=(58.395, 57.12, 57.375),
        log_mel=dict(
            sample_rate=16000,  # ours, as in later work
            n_fft=1024,  # reported, unconfirmed
            window_seconds=0.02,  # reported, unconfirmed
            hop_seconds=0.01,  # reported, unconfirmed
            n_mels=40,  # reported, unconfirmed
            mean=-5.0,  # ours: measured on GRID (docs/training.md)
            std=4.3,
        ),
    ),
    video_backbone=dict(type='MC3', variant='mc3'),  # section 3.2
    # The paper gives conv_1 to conv_5 and "VGG-like"; the table is ours.
    audio_backbone=dict(
        type='AudioVGG',
        channels=(64, 128, 256, 512, 512),
        num_convs=(1, 1, 2, 2, 2),
    ),
    # 512 -> 128 is reported, unconfirmed.
    video_neck=dict(
        type='ProjectionNeck',
        in_channels=512,
        hidden_channels=512,
        out_channels=128,
    ),
    audio_neck=dict(
        type='ProjectionNeck',
        in_channels=512,
        hidden_channels=512,
        out_channels=128,
        time_dim=3,
    ),
    head=dict(
        type='AVContrastiveHead',
        loss=dict(type='ContrastiveLoss', margin=0.99),  # section 3.1
    ),
)
