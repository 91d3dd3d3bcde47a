# The timed model at a quarter of the width: for two CPU cores.
_base_ = 'avts_mc3_timed.py'

model = dict(
    data_preprocessor=dict(log_mel=dict(n_fft=512)),
    video_backbone=dict(base_channels=16, channels_last=True),
    audio_backbone=dict(channels=(16, 32, 64, 128, 128)),
    video_neck=dict(in_channels=128, hidden_channels=128, out_channels=64),
    audio_neck=dict(in_channels=128, hidden_channels=128, out_channels=64),
)
