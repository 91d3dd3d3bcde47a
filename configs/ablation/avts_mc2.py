# 3D convolutions in conv1 alone.
_base_ = '../avts_kinetics.py'

model = dict(video_backbone=dict(variant='mc2'))
