# L3-Net (Arandjelovic and Zisserman, Look, Listen and Learn, ICCV 2017): one
# picture and one second of sound, each through its subnetwork, fused by a
# classifier. "As in code that follows it": marl/l3embedding.
model = dict(
    type='AVTS',
    data_preprocessor=dict(
        type='AVDataPreprocessor',
        mean=(123.675, 116.28, 103.53),  # ours: of ImageNet, as in mmaction2
        std=(58.395, 57.12, 57.375),
        # A log-spectrogram (paper) of 257 frequencies and about 200 moments:
        # windows of 10 ms that overlap by half and 512 points (as in code
        # that follows it, there at 48 kHz).
        log_mel=dict(
            sample_rate=16000,  # ours: that of prepared corpora
            n_mels=None,
            n_fft=512,
            window_seconds=0.01,
            hop_seconds=0.005,
            mean=-8.7,  # ours: measured on GRID
            std=4.1,
        ),
    ),
    # Blocks of two convolutions with batch normalisation, 64 to 512 channels
    # (paper).
    video_backbone=dict(
        type='L3VGG', in_channels=3, channels=(64, 128, 256, 512)
    ),
    audio_backbone=dict(
        type='L3VGG', in_channels=1, channels=(64, 128, 256, 512)
    ),
    # The maximum over the image leaves 512 (paper).
    video_neck=dict(type='MaxPoolNeck'),
    audio_neck=dict(type='MaxPoolNeck'),
    # 1024 -> 128 -> 2 (paper). A softmax over two outputs is the logistic
    # function of their difference, so one output does.
    head=dict(type='FusionHead', in_channels=512, hidden_channels=128),
)
