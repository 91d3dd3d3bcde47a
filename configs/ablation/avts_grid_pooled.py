# GRID with the paper's global average pooling: the time axis is given up.
_base_ = '../avts_grid.py'

model = dict(
    video_neck=dict(time_bins=1),
    audio_neck=dict(time_bins=1),
)
