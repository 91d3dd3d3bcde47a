# 3D convolutions everywhere.
_base_ = '../avts_kinetics.py'

model = dict(video_backbone=dict(variant='r3d'))
