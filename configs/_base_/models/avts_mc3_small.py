# AVTS at a quarter of the width, for two CPU cores, and as it learns much
# faster than in the paper's setting (docs/training.md). The projection sees
# *when* in the clip something happens, one bin for each frame; the audio tower
# keeps 25 steps a second for it. Embeddings of unit variance make the margin
# of 0.99 reachable from the first step.
model = dict(
    type='AVTS',
    data_preprocessor=dict(
        type='AVDataPreprocessor',
        mean=(123.675, 116.28, 103.53),  # of ImageNet, as in mmaction2
        std=(58.395, 57.12, 57.375),
        log_mel=dict(
            sample_rate=16000,
            n_fft=512,
            window_seconds=0.02,
            hop_seconds=0.01,
            n_mels=40,
            mean=-5.0,  # measured on GRID (docs/training.md)
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
    video_neck=dict(
        type='ProjectionNeck',
        in_channels=128,
        hidden_channels=128,
        out_channels=64,
        time_bins=25,
        norm_cfg=dict(type='BN1d', affine=False),
    ),
    audio_neck=dict(
        type='ProjectionNeck',
        in_channels=128,
        hidden_channels=128,
        out_channels=64,
        time_dim=3,
        time_bins=25,
        norm_cfg=dict(type='BN1d', affine=False),
    ),
    head=dict(
        type='AVContrastiveHead',
        loss=dict(type='ContrastiveLoss', margin=0.99),
        scale_by_dim=True,
    ),
)
